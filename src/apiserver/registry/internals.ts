import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { applyObject } from '#schema/apply/apply.ts'
import { writeManagers } from '#schema/apply/managers.ts'
import { decode } from '#schema/decode.ts'
import { encodeJson, parseExact } from '#schema/json.ts'
import { objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import type { Internals, UserInfo } from '../contract.ts'
import { createObject } from './create.ts'
import { deleteObject } from './delete.ts'
import { entriesOf, managersBeforeApply, scopeOf, trackedEntries, versionsOf } from './ownership.ts'
import { withOwners } from './prepare.ts'
import { updateObject } from './update.ts'

/** The server itself, when a handler writes on nobody's behalf. */
const serverUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** The name under which what the server creates by itself is owned; the reference's. */
const serverManager = 'kube-apiserver'

/** Writes for handlers: past authorization, but through admission and validation like everybody's. */
export function createInternals(context: () => Context): Internals {
  const write = (
    kind: AnyKind,
    verb: string,
    namespace: string | undefined,
    name: string,
    options: Pick<Write, 'partOf'> & Partial<Pick<Write, 'dryRun' | 'user' | 'subresource' | 'admitted'>> = {},
  ): Write => ({
    kind,
    namespace: namespace ?? '',
    name,
    subresource: options.subresource ?? '',
    ...(options.admitted === true && { admitted: true }),
    ...(options.partOf !== undefined && { partOf: options.partOf }),
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
    async applyPart(kind, name, part, manager, fields) {
      const now = context()
      const apiVersion = apiVersionOf(kind)
      const own = write(kind, 'patch', '', name, { subresource: part })
      const applied = { apiVersion, kind: kind.kind, metadata: { name }, ...fields }
      const item = await updateObject(now, own, {
        change(present) {
          const { object, managers } = applyObject({
            versions: versionsOf(now, kind),
            apiVersion,
            manager,
            subresource: part,
            now: rfc3339(now.clock.now()),
            managers: managersBeforeApply(now, kind, part, present, entriesOf(present)),
            scope: scopeOf(kind, part),
            reconciles: false,
            live: parseExact(encodeJson(kind, withOwners(present, undefined))),
            applied,
            force: true,
          })
          return withOwners(decode(kind, object, { strict: false }).value as KubeObject, writeManagers(managers))
        },
        repeatable: true,
        whole: false,
        countsGeneration: false,
        owners: 'given',
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
      const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, orphanDependents } = options
      const deletion = await deleteObject(context(), write(kind, 'delete', namespace, name, options), {
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(propagationPolicy !== undefined && { propagationPolicy }),
        ...(orphanDependents !== undefined && { orphanDependents }),
        preconditions: { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) },
      })
      return objectOf(deletion.item)
    },
  }
}
