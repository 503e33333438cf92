"""In front of the real uvloop on the path: MLServer and uvicorn go on without it."""

raise ImportError("not in this test")
