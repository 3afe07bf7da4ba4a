"""``/campaigns/{id}/checkpoints``, ``/executions`` and ``/graph``: the history of a campaign, as lists and as a
diagram."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambdas.api.rest.answers import Answer, answer, described, listing
from lambdas.api.rest.campaigns import TAG, CampaignPath, Cursor, Limit
from lambdas.api.rest.request import Routes
from lambdas.api.rest.resolver import Resolver
from lambdas.api.rest.views import Listing
from lambdas.domain.errors import NotAcceptableError
from lambdas.domain.models.base import Model
from lambdas.services.progress import progress_of

SVG = "image/svg+xml"
_VARY = {"Vary": "Accept"}
Format = Annotated[
    Literal["svg", "json"] | None,
    Query(description="Overrides the Accept header. Without either: SVG, or JSON if there is no diagram."),
]


# Reading the engine's history is a service of a dozen models, which a start of the API does not wait for.


def _context() -> type[Model]:
    from lambdas.services.history import ExecutionContext

    return ExecutionContext


def _executions() -> type[Model]:
    from lambdas.services.history import ExecutionView

    return Listing[ExecutionView]


def _graph() -> type[Model]:
    from lambdas.domain.graph.model import ExecutionGraph

    return ExecutionGraph


class ExecutionRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        app.get(
            "/campaigns/<campaign_id>/checkpoints",
            **described("getCheckpoints", "What each step did", tag=TAG, answers=_context),
        )(self.checkpoints)
        app.get(
            "/campaigns/<campaign_id>/executions",
            **described(
                "listExecutions",
                "The engine's own history, with the attempts of each step",
                tag=TAG,
                answers=_executions,
            ),
        )(self.executions)
        app.get(
            "/campaigns/<campaign_id>/graph",
            **described(
                "getGraph",
                "The workflow, drawn with its states",
                tag=TAG,
                answers=_graph,
                errors=(406,),
                media=(SVG,),
            ),
        )(self.graph)

    def checkpoints(self, campaign_id: CampaignPath, limit: Limit = 50, cursor: Cursor = None) -> Answer:
        from lambdas.services.history import execution_context

        key, ports = self._key(campaign_id), self._ports
        campaign = ports.campaigns.get(key)
        progress = progress_of(campaign, ports.checkpoints.all(key), ports.posts.progress(key), now=ports.clock.now())
        context = execution_context(
            campaign,
            ports.checkpoints.page(key, limit, cursor),
            ports.approvals.all(key),
            (progress.current_step, progress.completed_steps),
        )
        # Here ``null`` is an answer (no step is left, no next page, no error), so these fields are kept.
        return Response(200, "application/json", context.model_dump(mode="json", by_alias=True))

    def executions(self, campaign_id: CampaignPath, limit: Limit = 10, cursor: Cursor = None) -> Answer:
        from lambdas.services.history import execution_views

        key, ports = self._key(campaign_id), self._ports
        campaign = ports.campaigns.get(key)
        page = execution_views(campaign, ports.engine, ports.checkpoints.all(key), limit, cursor)
        return listing(page.items, page.next_cursor)

    def graph(self, campaign_id: CampaignPath, format: Format = None) -> Answer:  # noqa: A002 - the parameter's name outside
        from lambdas.services.history import graph_of

        key, ports = self._key(campaign_id), self._ports
        campaign = ports.campaigns.get(key)
        graph = graph_of(campaign, ports.posts.progress(key), ports.engine, ports.clock.now())
        accepted = str(self._app.current_event.headers.get("Accept", ""))
        if format == "json" or (format is None and "application/json" in accepted):
            return answer(graph, headers=_VARY)
        from lambdas.api.picture import drawn  # only on request

        if picture := drawn(graph):
            return Response(200, SVG, picture, headers=_VARY)
        if format == "svg" or SVG in accepted:
            raise NotAcceptableError(
                f"this release has no picture of the workflow that the execution runs (its shape is {graph.shape});"
                " ?format=json tells the same in words"
            )
        return answer(graph, headers=_VARY)
