"""Programs: a token for a person, and what it sends."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases.actions.people import create_token
from cases.models import TokenPlace
from cases.people.models import ApiToken, User
from tests.support.casework import moment

API = "/api/v1"


@dataclass
class Answer:
    """What came back."""

    status: int
    data: Any
    headers: dict[str, str]
    content: bytes

    @property
    def fields(self) -> dict[str, str]:
        """Refused field → code."""
        return {error["field"]: error["code"] for error in self.data["errors"]}


@dataclass
class Program:
    """A program that acts as a person by a token."""

    user: User
    token: ApiToken
    secret: str
    client: Client = field(default_factory=Client)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Any request; `body` is sent as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.secret}", **headers}
        response = self.client.generic(
            method,
            path if path.startswith("/") else f"{API}/{path}",
            content,
            content_type="application/json",
            headers={name: value for name, value in sent.items() if value},
        )
        return answer_of(response)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Answer:
        return self.send("POST", path, body, **{"Idempotency-Key": key or str(uuid.uuid4())})

    def put(self, path: str, body: Any) -> Answer:
        return self.send("PUT", path, body)

    def patch(self, path: str, body: Any) -> Answer:
        return self.send("PATCH", path, body)

    def upload(self, path: str, parts: dict[str, Any], *, key: str = "") -> Answer:
        """A multipart form."""
        response = self.client.post(
            f"{API}/{path}",
            parts,
            headers={
                "Authorization": f"Bearer {self.secret}",
                "Idempotency-Key": key or str(uuid.uuid4()),
            },
        )
        return answer_of(response)


def answer_of(response: Any) -> Answer:
    kind = response.headers.get("Content-Type", "")
    content = b"".join(response.streaming_content) if response.streaming else response.content
    data = json.loads(content) if kind.endswith("json") else None
    if response.status_code >= 400:
        assert kind == "application/problem+json", (response.status_code, kind, content[:500])
        assert data["status"] == response.status_code
        assert data["type"].startswith("urn:holdfast:problem:")
        assert data["title"] and data["detail"]
    return Answer(response.status_code, data, dict(response.headers), content)


HERE = "127.0.0.1"


def program_of(user: User) -> Program:
    """A program that was run from here before: its first use is an event."""
    at = moment()
    token, secret = create_token(by=user, at=at, label="test", expires_at=at + timedelta(days=1))
    TokenPlace.objects.create(token=token, address=HERE, first_at=at)
    return Program(user, token, secret)


@pytest.fixture
def program(db: None) -> Callable[[User], Program]:
    """`program(user)`: a program with a fresh token of this person."""
    return program_of
