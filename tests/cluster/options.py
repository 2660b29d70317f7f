"""What whoever runs this chooses."""

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The choices.

    Attributes:
        kubectl: The program.
        kubeconfig: As the environment variable has it: a file, or several.
        image: The image of the programs, as the cluster's nodes know it.
        image_before: The image to roll out from; None: the same one, restarted.
        host: An address of this machine that pods reach; None: it is looked for.
        customers: How many pay while pods are killed.
        customers_of_roll_out: How many pay while the programs are rolled out.
        keep: Whether everything is left as it stands at the end.
    """

    kubectl: Path
    kubeconfig: str
    image: str
    image_before: str | None
    host: str | None
    customers: int
    customers_of_roll_out: int
    keep: bool

    @classmethod
    def read(cls) -> "Options":
        """Read the arguments, the environment for those left out; end with exit code 2 if one is missing."""
        parser = argparse.ArgumentParser(
            prog="python -m cluster",
            description="Installs the product on a cluster that has it not yet, and tries it there: a customer signs "
            "up and pays by the portal, others pay while pods are killed, a node is drained, another image is rolled "
            "out and the signing secret rotated; then it is uninstalled and installed again. Removes what it made. The "
            "PDS backend, Supabase and Stripe are simulated on this machine.",
        )
        variables = "defaults are those of the environment: "
        parser.add_argument("--kubeconfig", default=os.environ.get("KUBECONFIG"), help=f"{variables}KUBECONFIG")
        parser.add_argument("--image", default=os.environ.get("IMAGE"), help="as the nodes know it; IMAGE")
        parser.add_argument(
            "--image-before",
            default=os.environ.get("IMAGE_BEFORE") or None,
            help="the image to roll out from; IMAGE_BEFORE; left out: IMAGE itself, whose pods are restarted",
        )
        parser.add_argument(
            "--host",
            default=os.environ.get("E2E_HOST") or None,
            help="an address of this machine that pods reach; E2E_HOST; left out: the one towards the first node",
        )
        parser.add_argument("--customers", type=_some, default=20, help="who pay while pods are killed (%(default)s)")
        parser.add_argument("--customers-of-roll-out", type=_some, default=50, help="who pay meanwhile (%(default)s)")
        parser.add_argument("--keep", action="store_true", help="leave everything as it stands at the end")
        given = parser.parse_args()
        for name in ("kubeconfig", "image"):
            if not getattr(given, name):
                parser.error(f"give --{name}, or set {name.upper()}")
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            parser.error("put kubectl on PATH")
        return cls(
            kubectl=Path(kubectl),
            kubeconfig=given.kubeconfig,
            image=given.image,
            image_before=given.image_before,
            host=given.host,
            customers=given.customers,
            customers_of_roll_out=given.customers_of_roll_out,
            keep=given.keep,
        )


def _some(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number, 1 or more")
    return int(text)
