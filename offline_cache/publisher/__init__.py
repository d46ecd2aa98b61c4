"""The fund's side: from an export to a signed list that any static web server can carry."""

from offline_cache.publisher.build import BuildSummary, Stage, build_base, next_serial

__all__ = ["BuildSummary", "Stage", "build_base", "next_serial"]
