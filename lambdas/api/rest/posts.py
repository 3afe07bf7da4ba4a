"""``/campaigns/{id}/posts`` and ``/export``: what was planned and written."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.campaigns import CampaignPath, Cursor, Limit
from lambdas.api.rest.request import Routes, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import Listing, PostView
from lambdas.domain.batch_lease import under_claims
from lambdas.domain.errors import ConflictError, FieldError, InvalidInputError
from lambdas.domain.ids import CampaignId, CampaignKey, PostIdField
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import Post, PostStatus
from lambdas.ports.paging import PAGE, every
from lambdas.ports.stores import Page
from lambdas.services.editing import PostPatch, edit_post
from lambdas.services.lifecycle import has_reached

TAG = "Posts"
MAX_EXPORT_BYTES = 5_000_000
"""Of an answer, as JSON: Lambda hands on 6 MB (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
_CALENDAR = "text/calendar; charset=utf-8"


def _too_large() -> InvalidInputError:
    message = f"the plan is larger than one answer may be ({MAX_EXPORT_BYTES:,} bytes); ask for parts, like limit=1000"
    return InvalidInputError(f"limit: {message}", errors=[FieldError("limit", message)])


class PostRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        app.get(
            "/campaigns/<campaign_id>/posts",
            **described(
                "listPosts",
                "A campaign's posts, in plan order",
                tag=TAG,
                answers=Listing[PostView],
            ),
        )(self.list)
        app.get(
            "/campaigns/<campaign_id>/posts/<post_id>",
            **described("getPost", "One post", tag=TAG, answers=PostView),
        )(self.get)

        app.patch(
            "/campaigns/<campaign_id>/posts/<post_id>",
            **described(
                "editPost",
                "Edit a post while the campaign waits for approval",
                tag=TAG,
                answers=PostView,
                errors=(409,),
                body="PostPatch",
            ),
        )(self.edit)

        app.get(
            "/campaigns/<campaign_id>/export",
            **described(
                "exportPlan",
                "The approved plan as a file",
                tag=TAG,
                answers=Listing[PostView],
                errors=(409,),
                media=("text/csv", "text/calendar"),
            ),
        )(self.export)

    def export(
        self,
        campaign_id: CampaignPath,
        format: Annotated[Literal["csv", "ics", "json"], Query()] = "json",  # noqa: A002 - the parameter's name outside
        limit: Annotated[int | None, Query(ge=1, le=2_000, description="Posts of a part; absent: all.")] = None,
        cursor: Cursor = None,
    ) -> Answer:
        from lambdas.services.plan_export import as_calendar, as_csv

        key = self._key(campaign_id)
        campaign = self._ports.campaigns.get(key)
        if not has_reached(campaign.status, CampaignStatus.APPROVED):
            message = f"the campaign is {campaign.status.value}; a plan can be exported once it is approved"
            raise ConflictError(message, details={"status": campaign.status.value})
        page = self._part(key, limit, cursor)
        if format == "json":
            made = listing([PostView.of(post) for post in page.items], page.next_cursor)
            size = len(json.dumps(json.dumps(made.body)))
        else:
            write, kind = (as_csv, "text/csv; charset=utf-8") if format == "csv" else (as_calendar, _CALENDAR)
            made = Response(
                200, kind, write(campaign, page.items), headers=self._file(campaign_id, format, limit, page)
            )
            size = len(json.dumps(made.body))
        if size > MAX_EXPORT_BYTES:
            raise _too_large()
        return made

    def _part(self, key: CampaignKey, limit: int | None, cursor: str | None) -> Page[Post]:
        """A page, or all posts where neither is given. Raises ``InvalidInputError`` when these are too many."""
        if limit or cursor:
            return self._ports.posts.page(key, limit or PAGE, cursor)
        posts, size = [], 0
        for post in every(self._ports.posts, key):
            size += len(post.content.text) if post.content else 0
            if size > MAX_EXPORT_BYTES:
                raise _too_large()
            posts.append(post)
        return Page(posts, None)

    def _file(
        self, campaign_id: CampaignId, form: str, limit: int | None, page: Page[Post]
    ) -> dict[str, str | list[str]]:
        headers: dict[str, str | list[str]] = {"Content-Disposition": f'attachment; filename="{campaign_id}.{form}"'}
        if page.next_cursor:
            query = urlencode({"format": form, "limit": limit or PAGE, "cursor": page.next_cursor})
            headers["Link"] = f'<{self._root()}/campaigns/{campaign_id}/export?{query}>; rel="next"'
        return headers

    def edit(self, campaign_id: CampaignPath, post_id: Annotated[PostIdField, Path()]) -> Answer:
        who = manager(self._app.current_event)
        patch = PostPatch.from_wire(json_body(self._app.current_event))
        key = CampaignKey(who.tenant_id, campaign_id)
        return answer(PostView.of(edit_post(key, post_id, patch, who.subject, self._ports)))

    def list(self, campaign_id: CampaignPath, limit: Limit = 20, cursor: Cursor = None) -> Answer:
        key = self._existing(campaign_id)
        page = self._ports.posts.page(key, limit, cursor)
        return listing([PostView.of(post) for post in self._as_written(key, page.items)], page.next_cursor)

    def get(self, campaign_id: CampaignPath, post_id: Annotated[PostIdField, Path()]) -> Answer:
        key = self._existing(campaign_id)
        (post,) = self._as_written(key, [self._ports.posts.get(key, post_id)])
        return answer(PostView.of(post))

    def _as_written(self, key: CampaignKey, posts: Sequence[Post]) -> Iterator[Post]:
        """The same posts, with those that are being written marked; claims are only read if some posts are
        unwritten."""
        unwritten = any(post.status is PostStatus.PLANNED for post in posts)
        return under_claims(posts, self._ports.posts.claims(key) if unwritten else {})

    def _existing(self, campaign_id: CampaignId) -> CampaignKey:
        """A campaign without posts has an empty list; a campaign that does not exist is a 404."""
        key = self._key(campaign_id)
        self._ports.campaigns.get(key)
        return key
