import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import type { Change, World } from '../world.ts'

/** What must hold. A problem is a sentence that names the object. */
export interface Invariant {
  readonly name: string
  /** Looks at each commit, right after it. */
  readonly onCommit?: (changes: readonly Change[], who: Writer, now: Instant) => readonly string[]
  /** Looks at the world when all faults are over and nothing moves any more. */
  readonly atRest?: (now: Instant) => readonly string[]
}

export interface Writer {
  readonly name: string
  /** The server process that it is a part of. */
  readonly process: string | undefined
  /** The method of the request: `DELETE`. */
  readonly verb: string
  /** Its path, with the query. */
  readonly path: string
}

/** What an invariant knows. */
export interface Scene {
  readonly world: World
  readonly nodes: number
  /** How old the newest thing may be that a part of the cluster knows: what was wished so long ago may still be acted on. */
  readonly staleMs: number
  /** Something other than the controllers ends pods: availability then is nobody's promise. */
  readonly podsAreDisturbed: boolean
}

export const idOf = ({ metadata: { namespace, name } }: KubeObject): string => (namespace ? `${namespace}/${name}` : name)

export const controllerOf = (object: KubeObject) => object.metadata.ownerReferences?.find(({ controller }) => controller)

/** How many replicas more, and how many fewer, a rolling update may have; the reference's rounding: surge up, unavailable down, never both 0. */
export function rollingBounds({ spec }: Deployment): { readonly surge: number; readonly unavailable: number } {
  const replicas = spec.replicas ?? 1
  if (spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: replicas }
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {}
  const surge = amount(maxSurge, replicas, Math.ceil)
  const unavailable = amount(maxUnavailable, replicas, Math.floor)
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas) }
}

export const amount = (value: string | number, of: number, round: (value: number) => number): number =>
  typeof value === 'number' ? value : round((Number.parseInt(value, 10) * of) / 100)

/** Values with the time from which they held, for questions about the last while. */
export class Recent {
  readonly #values = new Map<string, { readonly from: Instant; readonly value: number }[]>()

  set(key: string, value: number, now: Instant): void {
    const known = this.#values.get(key)
    if (known === undefined) this.#values.set(key, [{ from: now, value }])
    else if (known.at(-1)!.value !== value) known.push({ from: now, value })
  }

  /** All values that held at any time since then. */
  since(key: string, since: Instant): readonly number[] {
    const known = this.#values.get(key) ?? []
    return known.filter((_, index) => (known[index + 1]?.from ?? Infinity) >= since).map(({ value }) => value)
  }
}
