"""Run notebooks side by side, each in a kernel of its own, and stop at the first that fails.

The kernels are processes; one thread here talks to all of them. Ctrl-C ends them, and returns when they
have ended.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode


class NotebookError(Exception):
    """A cell raised an error, ran too long, or killed its kernel; the message shows cell and traceback."""


@dataclass
class Notebook:
    """One notebook to run. Running fills in its outputs, how long it took, and an answer.

    question: an expression that the kernel evaluates after the last cell; `answer` is the text of its
    value, or "" where it raises.
    """

    name: str
    path: Path
    content: NotebookNode
    question: str = "None"
    seconds: float | None = None
    answer: str = ""


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def environment(processes: int) -> dict[str, str]:
    """The environment of a kernel that has `processes` - 1 others beside it: its share of the threads."""
    return {"OMP_NUM_THREADS": str(max(1, cores() // processes)), **os.environ}


def run(
    notebooks: list[Notebook], processes: int, timeout: int, report: Callable[[Notebook], None]
) -> None:
    """Run every notebook, `processes` at a time, in the order given; `report` hears of each that ended.

    timeout: seconds a cell. Raises NotebookError for the first that fails, when the others have been
    stopped.
    """
    run = _Run(notebooks, processes, timeout, report)
    # nbclient would take Ctrl-C over in the main thread, where each kernel would hide it from the others.
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(asyncio.run, run.all())
        try:
            ended.result()
        except KeyboardInterrupt:
            run.stop()
            raise


class _Run:
    def __init__(self, notebooks, processes, timeout, report):
        self.notebooks, self.timeout, self.report = notebooks, timeout, report
        self.environment = environment(processes)
        self.slots = asyncio.Semaphore(processes)

    async def all(self):
        self.loop, self.task = asyncio.get_running_loop(), asyncio.current_task()
        tasks = [asyncio.create_task(self.one(notebook)) for notebook in self.notebooks]
        try:
            for ended in asyncio.as_completed(tasks):
                await ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self):
        self.loop.call_soon_threadsafe(self.task.cancel)

    async def one(self, notebook):
        async with self.slots:
            began = time.monotonic()
            client = _Client(
                notebook.content,
                timeout=self.timeout,
                resources={"metadata": {"path": str(notebook.path.parent)}},
            )
            try:
                async with client.async_setup_kernel(env=self.environment):
                    await client.run(notebook)
                    notebook.answer = await client.ask(notebook.question)
            finally:
                if client.km and client.km.has_kernel:  # it was stopped while its kernel started
                    await client.km.shutdown_kernel(now=True)
            notebook.seconds = time.monotonic() - began
            self.report(notebook)


class _Client(NotebookClient):
    """nbclient's, with errors that say where they happened."""

    index = 0  # of the cell that is running

    async def run(self, notebook):
        try:
            await self.async_execute(cleanup_kc=False)
        except BaseException as error:
            self.shutdown_kernel = "immediate"  # a kernel that computes on would not answer
            if isinstance(error, CellExecutionError | CellTimeoutError):
                raise NotebookError(f"{notebook.path}\n{error}") from None
            if isinstance(error, DeadKernelError):
                raise NotebookError(
                    f"{notebook.path}\nThe kernel died while it executed the following cell:\n"
                    f"------------------\n{notebook.content.cells[self.index].source}\n"
                    "------------------\n"
                    "It was killed, perhaps because memory ran out: fewer processes need less."
                ) from None
            raise

    async def async_execute_cell(self, cell, cell_index, **options):
        self.index = cell_index
        cell = await super().async_execute_cell(cell, cell_index, **options)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        return cell

    async def ask(self, question):
        message = self.kc.execute("", silent=True, user_expressions={"answer": question})
        reply = await self.async_wait_for_reply(message)
        answer = reply["content"]["user_expressions"]["answer"]
        return answer["data"]["text/plain"] if answer["status"] == "ok" else ""


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs in which one text is one output; into how many messages it was cut is a matter of time."""
    joined = []
    for stream, together in groupby(outputs, lambda output: output.get("name")):
        first, *rest = together
        joined.append(first)
        if stream is None:
            joined += rest
        else:
            first.text += "".join(output.text for output in rest)
    return joined
