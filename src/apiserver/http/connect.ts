import type { Subresource } from '#api/kind.ts'
import type { HttpResponse } from '#lib/http.ts'
import { admissionRun } from '../admission/chain.ts'
import { objectOf } from '../cacher/item.ts'
import type { Context } from '../context.ts'
import { connectOptions } from './connect-options.ts'
import { finish, subresourceCall } from './handler-call.ts'
import { statusAnswer } from './respond.ts'
import { type Routed, readItem, writeOf } from './routed.ts'
import { notFoundError, routeStatus } from './status.ts'
import { textOverWebSocket } from './text-socket.ts'

/**
 * Hands a connection to its handler. Admission sees what is asked of the connection, and no object: it is asked before anything is looked
 * up. `https:name:8080` names a scheme and a port beside the object, which only the handler knows how to read.
 */
export async function connect(context: Context, call: Routed, part: Extract<Subresource, { sort: 'connect' }>): Promise<HttpResponse> {
  const { info, kind } = call
  const handler = context.handlers[part.handler]
  const withoutQuery = { ...call, info: { ...info, query: new URLSearchParams() } }
  // A part without a type of options is only read (a log): admission looks at connections.
  if (part.kindGV !== undefined) {
    const write = writeOf(call, { dryRun: false, options: {} })
    const run = admissionRun(context.admission, context.objects, write, 'CONNECT')
    const options = connectOptions(part.kindGV, part.options, info)
    await context.cacher.fresh()
    await run.admit(options, undefined)
    await run.validate(options, undefined)
  }
  const object = info.name.includes(':') ? undefined : objectOf(await readItem(context, withoutQuery))
  if (handler === undefined) return statusAnswer(routeStatus(404, 'NotFound', 'the server could not find the requested resource'))
  const parent = () => {
    if (object === undefined) throw notFoundError(kind, info.name)
    return object
  }
  const answer = finish(await handler(subresourceCall(context, call, parent, undefined, false)), 200, call, kind)
  return textOverWebSocket(answer, call.request, call.caller, context.clock)
}
