import { localServices, optionalLocalServices } from '#api/apiregistration/local-services.ts'
import type { APIService } from '#api/apiregistration/v1/types.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Objects } from '../contract.ts'

/** A group version that another server serves, as its APIService says. */
export interface Registration {
  /** Of the APIService: `v1beta1.metrics.k8s.io`. */
  readonly name: string
  readonly group: string
  readonly version: string
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** PEM. */
  readonly caBundle?: string
  readonly insecureSkipTlsVerify: boolean
  /** Whether its condition says that it can be reached. */
  readonly isAvailable: boolean
}

/** Which group versions other servers serve, and in what order all of them are shown. Follows the APIServices. */
export interface Registrations {
  /** Raised by every change that clients can see. */
  readonly generation: number
  /** Those that other servers serve. */
  readonly all: Iterable<Registration>
  /** Every group version that has an APIService, whoever serves it, or nobody. */
  readonly registered: Iterable<GroupVersion>
  /** Whether a group version had an APIService, which was deleted. */
  isGone(group: string, version: string): boolean
  of(name: string): Registration | undefined
  /** Who serves this path: `/apis/metrics.k8s.io/v1beta1/nodes`; undefined where that is us. */
  find(path: string): Registration | undefined
  /** Priorities of a group version in discovery; undefined where nobody gave it any. */
  priorityOf(group: string, version: string): Priority | undefined
  /** Called with each name whose registration came, went or changed, or only its condition did. Returns how to stop. */
  onChange(listener: (name: string, what: 'registration' | 'condition') => void): () => void
  /** Reads all APIServices anew: after a gap in what was told. */
  reload(): void
  close(): void
}

/** What one APIService serves. */
export interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** `groupPriorityMinimum` and `versionPriority`: higher ones come first. */
export interface Priority {
  readonly group: number
  readonly version: number
}

/** Follows the APIServices by what `objects` tells. */
export function createRegistrations(objects: Objects): Registrations {
  const remote = new Map<string, Registration>()
  const known = new Map<string, GroupVersion & { readonly priority: Priority }>()
  /** Names of those that were deleted, the last ones: of a group version that nobody serves any more nobody asks either. */
  const gone = new Set<string>()
  const listeners = new Set<(name: string, what: 'registration' | 'condition') => void>()
  let generation = 1

  function take(service: APIService, isThere: boolean): void {
    put(service.metadata.name ?? '', isThere ? service : undefined)
  }
  const forget = (name: string): void => put(name, undefined)

  function put(name: string, service: APIService | undefined): void {
    const before = remote.get(name)
    const old = known.get(name)?.priority
    const priority = service && { group: service.spec.groupPriorityMinimum, version: service.spec.versionPriority }
    const isOrdered = priority !== undefined && old?.group === priority.group && old.version === priority.version
    if (priority !== undefined) {
      known.set(name, { group: service!.spec.group ?? '', version: service!.spec.version ?? '', priority })
      gone.delete(name)
    } else if (known.delete(name)) {
      gone.add(name)
      if (gone.size > goneMax) gone.delete([...gone.keys()][0]!)
    }
    const next = service && registrationOf(service)
    if (next === undefined) remote.delete(name)
    else remote.set(name, next)
    if (isOrdered && JSON.stringify(before) === JSON.stringify(next)) return
    generation += 1
    if (before === undefined && next === undefined) return
    const isSame = JSON.stringify(withoutCondition(before)) === JSON.stringify(withoutCondition(next))
    for (const listener of listeners) listener(name, isSame ? 'condition' : 'registration')
  }

  const kind = objects.kindOf('apiregistration.k8s.io', 'apiservices') as AnyKind | undefined
  const stop =
    kind === undefined ? () => {} : objects.observe(kind, (object, change) => take(object as unknown as APIService, change === 'put'))
  function reload(): void {
    const present = kind === undefined ? [] : (objects.list(kind) as unknown as readonly APIService[])
    const names = new Set(present.map(({ metadata }) => metadata.name))
    for (const name of known.keys()) if (!names.has(name)) forget(name)
    for (const service of present) take(service, true)
  }
  reload()
  return {
    get generation() {
      return generation
    },
    get all() {
      return remote.values()
    },
    get registered() {
      return known.values()
    },
    isGone: (group, version) => gone.has(`${version}.${group}`),
    of: (name) => remote.get(name),
    find(path) {
      if (remote.size === 0) return undefined
      const [, root, group = '', version] = path.split('/', 4)
      if (root === 'apis') return version ? remote.get(`${version}.${group}`) : undefined
      // The core group's stands for all that is below.
      return root === 'api' ? remote.get('v1.') : undefined
    },
    priorityOf: (group, version) => known.get(`${version}.${group}`)?.priority ?? local.get(`${version}.${group}`),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    reload,
    close: stop,
  }
}

const goneMax = 1000

function registrationOf({ metadata, spec, status }: APIService): Registration | undefined {
  const { service, caBundle } = spec
  if (service === undefined) return undefined
  return {
    name: metadata.name ?? '',
    group: spec.group ?? '',
    version: spec.version ?? '',
    service: { namespace: service.namespace ?? '', name: service.name ?? '', port: service.port ?? 443 },
    ...(caBundle && { caBundle: Buffer.from(caBundle, 'base64').toString() }),
    insecureSkipTlsVerify: spec.insecureSkipTLSVerify === true,
    isAvailable: (status.conditions ?? []).some((condition) => condition.type === 'Available' && condition.status === 'True'),
  }
}

const withoutCondition = (registration: Registration | undefined): object | undefined =>
  registration === undefined ? undefined : { ...registration, isAvailable: true }

/** Before their APIServices are made. */
const local: ReadonlyMap<string, Priority> = new Map(
  [...localServices, ...optionalLocalServices].map(({ metadata, spec }) => [
    metadata.name,
    { group: spec.groupPriorityMinimum, version: spec.versionPriority },
  ]),
)
