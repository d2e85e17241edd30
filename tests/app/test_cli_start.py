"""What a command does not need is not loaded before it."""

import subprocess
import sys

HEAVY = ("fastapi", "sqlalchemy", "alembic", "pydantic", "httpx", "uvicorn")


def test_reading_texts_does_not_load_the_server_and_the_database():
    program = f"import sys, app.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
