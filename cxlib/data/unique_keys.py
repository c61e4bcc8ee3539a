"""YAML in which no key may be given twice."""

from __future__ import annotations

from typing import Any, ClassVar

import yaml


class UniqueLoader(yaml.SafeLoader):
    """Refuse a key given twice, of which YAML keeps the last in silence."""

    repeatable: ClassVar[frozenset[str]] = frozenset()

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[Any, Any]:
        """Return the mapping; raise for the first key that stands twice."""
        keys = [str(getattr(key, "value", "")) for key, _ in node.value]
        for twice in {key for key in keys if keys.count(key) > 1} - self.repeatable:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{twice}' is given twice", node.start_mark
            )
        return dict(super().construct_mapping(node, deep))
