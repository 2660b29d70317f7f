"""What the control paths of the stand-ins have in common: faults, and mistakes answered with what to mend."""

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from pds_stack.faults import Fault, Faults


def add_fault_routes(app: web.Application, faults: Faults) -> None:
    """Serve ``POST /faults``, which switches a :class:`Fault` on, and ``DELETE /faults``, which switches all off."""

    async def add(request: web.Request) -> web.Response:
        faults.add(Fault.model_validate_json(await request.read()))
        return web.Response(status=204)

    async def clear(_request: web.Request) -> web.Response:
        faults.clear()
        return web.Response(status=204)

    app.router.add_post("/faults", add)
    app.router.add_delete("/faults", clear)


async def health(_request: web.Request) -> web.Response:
    """Answer 200: it serves."""
    return web.json_response({"status": "ok"})


@web.middleware
async def say_mistakes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every mistake as JSON with a message that says what to mend."""
    try:
        return await handler(request)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}".removeprefix(": ")
            for problem in error.errors(include_url=False)
        ]
        return web.json_response({"message": "; ".join(problems)}, status=400)
    except ValueError as error:
        return web.json_response({"message": str(error)}, status=400)
    except web.HTTPException as error:
        return web.json_response({"message": error.text}, status=error.status)
