"""``python -m cluster``: the exit code is 0 only where everything was as it has to be."""

import sys

from cluster.acts import ALL
from cluster.diagnosis import diagnosis
from cluster.failed import Failed
from cluster.options import Options
from cluster.progress import Progress
from cluster.scene import scene
from pds_stack import interrupt
from pds_stack.errors import StackError


def main() -> int:
    """Read the arguments, and do it."""
    return interrupt.run(_run(Options.read(), Progress()))


async def _run(options: Options, progress: Progress) -> int:
    failed: str | None = None
    try:
        async with scene(options, progress) as opened:
            try:
                for act in ALL:
                    await act(opened)
            except (Failed, StackError) as error:
                failed = str(error)
                progress.say(f"FAILED: {failed}\n\n{await diagnosis(opened.kubernetes)}")
    except (Failed, StackError) as error:
        progress.say(f"FAILED: {error}")
        failed = failed or str(error)
    table = progress.table()
    progress.say(f"\n\n{table}\n" if table else "nothing was done")
    progress.say(f"FAILED: {failed}" if failed else "everything is as it has to be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
