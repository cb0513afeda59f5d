from tests.e2e.fixtures import (  # noqa: F401
    _forget_processes,
    bundle,
    daemon,
    data,
    pytest_runtest_makereport,
    recorder,
)
