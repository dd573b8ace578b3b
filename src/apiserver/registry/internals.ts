import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import type { Internals, UserInfo } from '../contract.ts'
import { createObject } from './create.ts'
import { deleteObject } from './delete.ts'
import { trackedEntries } from './ownership.ts'
import { updateObject } from './update.ts'

/** The server itself, when a handler writes on nobody's behalf. */
export const serverUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** The name under which what the server creates by itself is owned; the reference's. */
const serverManager = 'kube-apiserver'

/** Writes for handlers: past authorization, but through admission and validation like everybody's. */
export function createInternals(context: () => Context): Internals {
  const write = (
    kind: AnyKind,
    verb: string,
    namespace: string | undefined,
    name: string,
    options: { readonly dryRun?: boolean; readonly user?: UserInfo; readonly subresource?: string; readonly admitted?: boolean } = {},
  ): Write => ({
    kind,
    namespace: namespace ?? '',
    name,
    subresource: options.subresource ?? '',
    ...(options.admitted === true && { admitted: true }),
    user: options.user ?? serverUser,
    dryRun: options.dryRun ?? false,
    verb,
    options: {},
    warn: () => {},
  })
  return {
    get objects() {
      return context().objects
    },
    async update(kind, name, namespace, change, options = {}) {
      const own = write(kind, 'update', namespace, name, options)
      const tracked = { ...own, manager: serverManager }
      const item = await updateObject(context(), own, {
        change,
        repeatable: true,
        whole: options.asPart !== true,
        countsGeneration: options.asPart !== true,
        ...(options.owned === true && { owners: (previous, next) => trackedEntries(context(), tracked, previous, next) }),
      })
      return objectOf(item)
    },
    create: async (kind, object, options = {}) =>
      objectOf(
        await createObject(context(), { ...write(kind, 'create', options.namespace, '', options), manager: serverManager }, {
          apiVersion: apiVersionOf(kind),
          kind: kind.kind,
          metadata: {},
          ...object,
        } as KubeObject),
      ),
    async delete(kind, name, namespace, options = {}) {
      const { uid, resourceVersion, gracePeriodSeconds } = options
      const deletion = await deleteObject(context(), write(kind, 'delete', namespace, name, options), {
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        preconditions: { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) },
      })
      return objectOf(deletion.item)
    },
  }
}
