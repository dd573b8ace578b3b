import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '#api/flowcontrol/v1/mandatory.ts'
import type { FlowSchema, FlowSchemaCondition } from '#api/flowcontrol/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { deepEqual } from '#schema/fields.ts'
import type { Internals, Objects } from '../contract.ts'

/** What is read, and by whose hand the mandatory objects and the conditions are written. */
export interface FlowObjectsOptions {
  readonly objects: Objects
  readonly internals: Internals
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}

/** Writes what flow control has to say about its objects: which schemas dangle, and the mandatory objects as they have to be. */
export interface FlowObjects {
  /** To be called after each change, with the schemas by name and whether their level is missing. */
  note(dangling: ReadonlyMap<string, boolean>): void
}

/** One pass at a time; what changes meanwhile is looked at once more. A schema's condition is written only where it says something else. */
export function createFlowObjects({ objects, internals, clock, onFailure }: FlowObjectsOptions): FlowObjects {
  const schemaKind = objects.kindOf('flowcontrol.apiserver.k8s.io', 'flowschemas')
  const levelKind = objects.kindOf('flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations')
  let next: ReadonlyMap<string, boolean> | undefined
  let running = false
  // A server without any of them was never set up (a test's): there is nothing to keep.
  const seen = new Set<string>()

  async function run(): Promise<void> {
    running = true
    try {
      for (let dangling = next; dangling !== undefined; dangling = next) {
        next = undefined
        for (const [kind, specs] of [
          [levelKind, mandatoryPriorityLevels],
          [schemaKind, mandatoryFlowSchemas],
        ] as const)
          for (const [name, spec] of Object.entries(specs)) await keep(kind!, name, spec)
        for (const [name, isDangling] of dangling) await tell(name, isDangling)
      }
    } catch (error) {
      onFailure(error)
    } finally {
      running = false
    }
  }

  async function keep(kind: AnyKind, name: string, spec: object): Promise<void> {
    const present = objects.get(kind, name) as (KubeObject & { readonly spec?: object }) | undefined
    const key = `${kind.plural}/${name}`
    if (present !== undefined) seen.add(key)
    if (!seen.has(key)) return
    if (present === undefined) await internals.create(kind, { metadata: { name }, spec })
    else if (!includes(present.spec, spec))
      await internals.update(kind, name, undefined, (object) => ({ ...object, spec }) as unknown as KubeObject)
  }

  async function tell(name: string, isDangling: boolean): Promise<void> {
    const present = objects.get(schemaKind!, name) as unknown as FlowSchema | undefined
    if (present === undefined) return
    const wanted = conditionOf(present, isDangling, clock)
    const was = present.status?.conditions?.find(({ type }) => type === 'Dangling')
    if (was !== undefined && was.status === wanted.status && was.reason === wanted.reason && was.message === wanted.message) return
    try {
      await internals.applyPart(schemaKind!, name, 'status', consumer, { status: { conditions: [wanted] } })
    } catch (error) {
      // It was deleted in between: there is nobody to tell.
      if (!isError(error, 'NotFound')) throw error
    }
  }

  return {
    note(dangling) {
      if (schemaKind === undefined || levelKind === undefined || (dangling.size === 0 && seen.size === 0)) return
      next = dangling
      // Not within the change that led here: the caches are still being brought up to date.
      if (!running) setImmediate(() => running || void run())
    },
  }
}

/** Who owns the conditions; the reference's name for the same part of itself. */
const consumer = 'api-priority-and-fairness-config-consumer-v1'

/** Whether the spec says all that it has to; defaults may stand beside it. */
const includes = (present: unknown, wanted: unknown): boolean => {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return deepEqual(present, wanted)
  return (
    typeof present === 'object' &&
    present !== null &&
    Object.entries(wanted).every(([key, value]) => includes((present as Record<string, unknown>)[key], value))
  )
}

function conditionOf(schema: FlowSchema, isDangling: boolean, clock: Clock): FlowSchemaCondition {
  const level = JSON.stringify(schema.spec?.priorityLevelConfiguration?.name ?? '')
  const reference = `This FlowSchema references the PriorityLevelConfiguration object named ${level}`
  return {
    type: 'Dangling',
    status: isDangling ? 'True' : 'False',
    lastTransitionTime: rfc3339(clock.now()),
    reason: isDangling ? 'NotFound' : 'Found',
    message: isDangling ? `${reference} but there is no such object` : `${reference} and it exists`,
  }
}
