"""The least that any daemon does: pull, pack and publish each chunk."""

from benchmarks.peers.answers import Answers, follow


def main() -> None:
    """Publish until the outlet is gone."""
    with Answers() as answers:
        follow(lambda samples, stamps_s: answers.send(float(stamps_s[-1]), samples.tobytes()))


if __name__ == "__main__":
    main()
