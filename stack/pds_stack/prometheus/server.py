"""A Prometheus that scrapes commands of the product, with the rules of deploy/monitoring."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from yarl import URL

from pds_stack import paths
from pds_stack.ports import free_ports
from pds_stack.processes import Program, ready, running

_START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A running Prometheus."""

    url: str
    program: Program


@contextlib.asynccontextmanager
async def server(
    program_path: Path, targets: Mapping[str, Sequence[str]], folder: Path, every: float
) -> AsyncIterator[Server]:
    """Run Prometheus on a free port of this machine until the block ends; it forgets everything then.

    Args:
        program_path: the program.
        targets: the admin addresses of each job's processes, such as `http://127.0.0.1:9090`.
        folder: where its files go.
        every: seconds from scrape to scrape, and from one evaluation of the rules to the next.
    """
    rules, config = folder / "rules.yaml", folder / "prometheus.yaml"
    rules.write_text(yaml.safe_dump(rule_groups()))
    config.write_text(yaml.safe_dump(_config(targets, rules, every)))
    (port,) = free_ports(1)
    command: list[str | Path] = [
        program_path,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    async with running("prometheus", command, folder) as program:
        async with httpx.AsyncClient(trust_env=False) as client:
            await program.ready(ready.answers(client, f"{url}/-/ready"), _START_SECONDS)
        yield Server(url, program)


def rule_groups() -> dict[str, Any]:
    """The rules of deploy/monitoring as Prometheus reads them: what each PrometheusRule has as its spec."""
    files = sorted((paths.repository() / "deploy" / "monitoring").glob("*prometheusrule.yaml"))
    return {"groups": [group for file in files for group in yaml.safe_load(file.read_text())["spec"]["groups"]]}


def _config(targets: Mapping[str, Sequence[str]], rules: Path, every: float) -> dict[str, Any]:
    seconds = f"{round(every * 1000)}ms"
    return {
        "global": {"scrape_interval": seconds, "scrape_timeout": seconds, "evaluation_interval": seconds},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [
                    {"targets": [URL(url).authority], "labels": {"pod": f"{job}-{number}"}}
                    for number, url in enumerate(urls)
                ],
            }
            for job, urls in targets.items()
        ],
    }
