import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { Context } from '../context.ts'
import { jsonBytes } from '../http/respond.ts'
import { keyOf } from '../registry/keys.ts'

/** `/wherry/writes/<group>/<resource>/<namespace>/<name>`; `-` stands for no namespace and `core` for the group without a name. */
export const writesRoot = '/wherry/writes/'

/**
 * `{ "items": [WriteEntry, …] }`, oldest first; of an object that nobody wrote lately, or that there is not, none. `path` is decoded. Who may ask
 * is a matter of RBAC on the path. Undefined: there is no such path. Errors: `NotFound` for a resource that is not served.
 */
export function serveWrites({ kinds, journal }: Pick<Context, 'kinds' | 'journal'>, path: string): HttpResponse | undefined {
  const [group, resource, namespace, name, ...rest] = path.slice(writesRoot.length).split('/')
  if (name === undefined || name === '' || rest.length > 0) return undefined
  const kind = kinds.ofResource(group === 'core' ? '' : group!, resource!)
  if (kind === undefined) throw new WherryError('NotFound', `the server serves no ${resource} of the group ${group}`)
  const items = journal.of(keyOf(kind, namespace === '-' ? '' : namespace!, name))
  return jsonBytes(new TextEncoder().encode(JSON.stringify({ items })), 200)
}
