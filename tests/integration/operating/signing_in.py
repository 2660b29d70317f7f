"""A customer who cannot sign in; and one whose sessions are ended."""

from http import HTTPStatus

from stages.auth_project import auth_project

from .document import Question
from .ground import Ground
from .pods import Pod
from .portal_pods import ACCESS, REFRESH, browser, pods_with_portal, sign_in, sign_up


async def cannot_sign_in(ground: Ground, question: Question) -> None:
    pods = pods_with_portal(ground)
    await pods.install(portal=ground.portals_secret())
    async with auth_project(ground.stage.stack, "http://localhost:3000") as project:
        await project.tell(autoconfirm=False)
        await sign_up(ground, "alice")
    async with pods.running("pds-portal") as portal, browser(portal) as alice:
        assert await sign_in(ground, alice, "alice") == HTTPStatus.UNAUTHORIZED
        assert (await ground.run(question)).split() == [ground.users["alice"], "None", "None"]
        await ground.run(question)
        assert await sign_in(ground, alice, "alice") == HTTPStatus.SEE_OTHER


async def token_has_leaked(ground: Ground, question: Question) -> None:
    stage, pods = ground.stage, pods_with_portal(ground)
    await sign_up(ground, "alice")
    await pods.install(portal=ground.portals_secret(), operator=ground.operators_secret())
    async with pods.running("pds-operator"):
        await ground.asked_for("alice")
        await ground.ready("alice")
    async with pods.running("pds-portal") as portal, browser(portal) as one, browser(portal) as other:
        for each in (one, other):
            assert await sign_in(ground, each, "alice") == HTTPStatus.SEE_OTHER
        assert (await one.send_json("/api/pds/service/reveal")).status_code == HTTPStatus.OK
        ground.names |= {
            "https://PROJECT.supabase.co": stage.stack["SUPABASE_URL"],
            "THE_PROJECTS_KEY": stage.stack["SUPABASE_ANON_KEY"],
        }
        await ground.run(question)
        assert (await ground.run(question, given=f"{one.cookies[ACCESS]}\n")).strip() == "204"
        # As long as it lasts, what was given out is good; then it is over, in every browser.
        for each in (one, other):
            assert (await each.http.get("/api/pds/service")).status_code == HTTPStatus.OK
            assert each.cookies.pop(ACCESS)
            assert each.cookies[REFRESH]
            assert (await each.http.get("/api/pds/service")).status_code == HTTPStatus.UNAUTHORIZED
        ground.compare(question.take(), _reveals(portal))


def _reveals(portal: Pod) -> str:
    return "\n".join(line for line in portal.log.read_text().splitlines() if "asked for the password" in line)
