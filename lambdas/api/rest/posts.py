"""``/campaigns/{id}/posts``: the planned and written posts."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.campaigns import CampaignPath, Cursor, Limit
from lambdas.api.rest.request import Routes, json_body, manager
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import Listing, PostView
from lambdas.domain.batch_lease import under_claims
from lambdas.domain.ids import CampaignId, CampaignKey, PostIdField
from lambdas.domain.models.post import Post, PostStatus
from lambdas.services.editing import PostPatch, edit_post

TAG = "Posts"


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
