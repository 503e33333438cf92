"""What makes every run of the tests the same run: how properties are drawn, and what cases are called.

No property has a deadline, as a machine may be as slow as it likes. `pytest --hypothesis-profile=explore` draws afresh
each time. What it finds becomes an example of its own.
"""

from hypothesis import HealthCheck, settings

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", PATIENT, derandomize=True, database=None)
settings.register_profile("explore", PATIENT, derandomize=False, print_blob=True)
settings.load_profile("same")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """No name from bytes: what an archiver wrote holds the time of day, and the processes of one run must agree on names."""
    return argname if isinstance(val, bytes) else None
