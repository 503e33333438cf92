"""How the model servers come up: MLServer, and Triton with its banner and its tables.

Source: MLServer 1.3 to 1.7, seen; Triton 22 to 25, the issues of triton-inference-server/server.
"""

from dataclasses import dataclass
from datetime import datetime

from benchmarks.accuracy.voices import Line, Voices


@dataclass(slots=True)
class Runtimes(Voices):
    """An installation whose model servers can start."""

    def start_mlserver(self, pod: str, at: datetime, up: datetime) -> None:
        """Let MLServer come up at `up`, without models."""
        pid = Line(at, "INFO:     Started server process [1]")
        for text in (
            "Environment tarball not found at '/mnt/models/environment.tar.gz'",
            "Environment not found at './envs/environment'",
        ):
            self.logs[pod, "mlserver", False].append(Line(at, text))
        self.mlserver(pod, up, "mlserver.rest", "INFO", "HTTP server running on http://0.0.0.0:9000")
        self.logs[pod, "mlserver", False] += [
            pid,
            Line(at, "INFO:     Waiting for application startup."),
            Line(at, "INFO:     Application startup complete."),
        ]
        self.mlserver(pod, up, "mlserver.grpc", "INFO", "gRPC server running on http://0.0.0.0:9500")

    def start_triton(self, pod: str, at: datetime, up: datetime) -> None:
        """Let Triton come up at `up`, without models."""
        server = next(s for s in self.servers if s.name == pod.rpartition("-")[0])
        release = (server.image or "").rpartition(":")[2].removesuffix("-py3")
        for text in (
            "",
            "=============================",
            "== Triton Inference Server ==",
            "=============================",
            "",
            f"NVIDIA Release {release} (build {self.rng.randrange(10**7, 10**8)})",
            "",
            "Copyright (c) 2018-2024, NVIDIA CORPORATION & AFFILIATES.  All rights reserved.",
            "",
            "WARNING: The NVIDIA Driver was not detected.  GPU functionality will not be available.",
            "   Use the NVIDIA Container Toolkit to start this container with GPU support; see",
            "   https://docs.nvidia.com/datacenter/cloud-native/ .",
            "",
        ):
            if self.gpus and text.startswith(("WARNING", "   ")):
                continue
            self.logs[pod, "triton", False].append(Line(at, text))
        pool = self.rng.getrandbits(40) << 12
        if self.gpus:
            self.triton(
                pod,
                at,
                "I",
                "pinned_memory_manager.cc:241",
                f"Pinned memory pool is created at '0x{pool:x}' with size 268435456",
            )
            self.triton(
                pod, at, "I", "cuda_memory_manager.cc:107", "CUDA memory pool is created on device 0 with size 67108864"
            )
        else:
            self.triton(
                pod,
                at,
                "W",
                "pinned_memory_manager.cc:237",
                "Unable to allocate pinned system memory, pinned memory pool will not be available: CUDA driver version is insufficient for CUDA runtime version",
            )
            self.triton(pod, at, "I", "cuda_memory_manager.cc:117", "CUDA memory pool disabled")
        for place, head, table in (
            ("server.cc:563", "Repository Agent", " Path "),
            ("server.cc:633", "Model", " Version | Status "),
        ):
            bar = f"+-{'-' * len(head)}-+{'-' * len(table)}+"
            self.triton(pod, up, "I", place, "")
            for text in (bar, f"| {head} |{table}|", bar, bar, ""):
                self.logs[pod, "triton", False].append(Line(up, text))
        self.triton(pod, up, "I", "grpc_server.cc:4819", "Started GRPCInferenceService at 0.0.0.0:9500")
        self.triton(pod, up, "I", "http_server.cc:3477", "Started HTTPService at 0.0.0.0:9000")
        self.triton(pod, up, "I", "http_server.cc:184", "Started Metrics Service at 0.0.0.0:8002")
