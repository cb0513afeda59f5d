"""The figures of a run as Prometheus reads them; see docs/reference/live-metrics.md.

No label has a value from the network, so the number of time series is bounded.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from eegstream.daemon.figures import BOUNDS_S, Histogram
from eegstream.daemon.liveness import Liveness
from eegstream.daemon.observed import Observed
from eegstream.daemon.pages import Page, Pages
from eegstream.wire.addresses import loopback
from eegstream.wire.reasons import GAP_REASONS, STATUSES

_KIND = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The pages of a daemon: /metrics, /livez and /readyz, at a loopback address.

    Raises:
        EegstreamError: the address is in use, or this machine does not have it.
    """

    def __init__(self, address: str, liveness: Liveness) -> None:
        self._liveness = liveness
        self._registry: CollectorRegistry | None = None
        pages = {"/metrics": self._metrics, "/livez": self._livez, "/readyz": self._readyz}
        self._pages = Pages(*loopback(address), pages)
        self.url = f"{self._pages.url}/metrics"

    def observe(self, run: Observed) -> None:
        """Serve the figures of this run."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_RunCollector(run, self._liveness))
        ProcessCollector(registry=registry)
        self._registry = registry

    def close(self) -> None:
        """Answer no more."""
        self._pages.close()

    def _metrics(self) -> Page:
        if self._registry is None:
            return Page(503, b"the daemon starts\n")
        return Page(200, generate_latest(self._registry), _KIND)

    def _livez(self) -> Page:
        hanging = self._liveness.hanging
        return Page(200, b"ok\n") if hanging is None else Page(503, f"{hanging}\n".encode())

    def _readyz(self) -> Page:
        return Page(200, b"ok\n") if self._liveness.is_ready else Page(503, b"the daemon starts\n")


class _RunCollector(Collector):
    def __init__(self, run: Observed, liveness: Liveness) -> None:
        self._run, self._liveness = run, liveness

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("eegstream_run", "This run.", value={"version": version("eegstream"), **self._run.facts})
        yield from self._counters()
        yield from self._gauges()
        yield _histograms("eegstream_stage_seconds", "Time in a stage of the path.", "stage", self._run.figures.stages)
        yield _histogram("eegstream_lag_seconds", "Age of codes when they were sent.", self._run.figures.lag)

    def _counters(self) -> Iterator[Metric]:
        figures, publisher = self._run.figures, self._run.publisher
        for name, text, value in (
            ("samples_received", "Samples pulled from outlets; all channels at one time are one.", figures.received),
            (
                "samples_dropped",
                "Samples that were received and not taken, since the daemon was behind.",
                figures.dropped,
            ),
            ("patches_encoded", "Patches of one channel whose codes were sent.", figures.encoded),
            ("streams_refused", "Refusals of streams.", self._run.refusals()),
            ("subscribers_refused", "Connections of subscribers that were closed or refused.", publisher.refused),
            ("publisher_restarts", "How often another publishing process took over.", publisher.restarts),
        ):
            yield CounterMetricFamily(f"eegstream_{name}", text, value=value)
        gaps = CounterMetricFamily("eegstream_gaps", "Gaps within epochs.", labels=["reason"])
        for reason in GAP_REASONS:
            gaps.add_metric([reason], figures.gaps[reason])
        yield gaps

    def _gauges(self) -> Iterator[Metric]:
        figures = self._run.figures
        streams = GaugeMetricFamily("eegstream_streams", "Streams by status.", labels=["status"])
        for status in STATUSES:
            streams.add_metric([status], figures.statuses.get(status, 0))
        yield streams
        yield GaugeMetricFamily("eegstream_channels", "Channels that are encoded.", value=figures.channels)
        yield GaugeMetricFamily("eegstream_ready", "1 once the daemon is ready.", value=self._liveness.is_ready)
        moved = GaugeMetricFamily("eegstream_moved_age_seconds", "Time since a part came round.", labels=["part"])
        moved.add_metric(["main"], self._liveness.main_age_s)
        moved.add_metric(["worker"], self._liveness.worker_age_s)
        yield moved


def _histograms(name: str, text: str, label: str, histograms: Mapping[str, Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=[label])
    for value, histogram in histograms.items():
        family.add_metric([value], *_cumulated(histogram))
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> HistogramMetricFamily:
    buckets, sum_s = _cumulated(histogram)
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=sum_s)


def _cumulated(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    counts, sum_s = list(histogram.counts), histogram.sum_s
    bounds = [*map(floatToGoString, BOUNDS_S), "+Inf"]
    return [(bound, sum(counts[: number + 1])) for number, bound in enumerate(bounds)], sum_s
