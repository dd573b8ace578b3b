import { type Availability, serviceAvailability } from '#api/apiregistration/v1/availability.ts'
import type { APIService, APIServiceCondition } from '#api/apiregistration/v1/types.ts'
import type { EndpointSlice } from '#api/discovery/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Internals, Objects } from '../contract.ts'

export interface AvailabilityOptions {
  readonly objects: Objects
  readonly internals: Internals
  readonly clock: Clock
  /** Asks the server behind a group version. Absent: nobody can. */
  readonly ask?: (service: APIService) => Promise<Availability>
  readonly onFailure: (error: unknown) => void
}

/**
 * Says of each group version that another server serves whether that server can be reached, whenever its APIService, the Service or the
 * endpoints change. Costs nothing while there is none. Returns how to stop.
 */
export function startAvailability({ objects, internals, clock, ask, onFailure }: AvailabilityOptions): () => void {
  const kind = objects.kindOf('apiregistration.k8s.io', 'apiservices')
  const serviceKind = objects.kindOf('', 'services')
  const sliceKind = objects.kindOf('discovery.k8s.io', 'endpointslices')
  if (kind === undefined || serviceKind === undefined || sliceKind === undefined) return () => {}
  /** Names of the APIServices by the Service behind them, as namespace and name. */
  const byService = new Map<string, Set<string>>()
  const due = new Set<string>()
  let running = false
  let stopped = false

  async function run(): Promise<void> {
    running = true
    try {
      for (const name of due) {
        due.delete(name)
        await tell(name)
      }
    } catch (error) {
      onFailure(error)
    } finally {
      running = false
    }
  }

  async function tell(name: string): Promise<void> {
    const present = objects.get(kind!, name) as APIService | undefined
    const target = present?.spec.service
    if (present === undefined || target === undefined) return
    const { namespace = '', name: serviceName = '' } = target
    const slices = objects
      .list(sliceKind!, namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === serviceName)
    const found = serviceAvailability(
      present.spec,
      objects.get(serviceKind!, serviceName, namespace) as never,
      slices as unknown as readonly EndpointSlice[],
    )
    const wanted = found ?? (await ask?.(present)) ?? unreachable
    const was = present.status.conditions?.find(({ type }) => type === 'Available')
    if (stopped || (was?.status === wanted.status && was.reason === wanted.reason && was.message === wanted.message)) return
    // The time is that of the last change of the status itself.
    const lastTransitionTime = was?.status === wanted.status ? was.lastTransitionTime : rfc3339(clock.now())
    const condition: APIServiceCondition = { ...wanted, type: 'Available', lastTransitionTime }
    try {
      await internals.update(kind!, name, undefined, (object) => withCondition(object, condition), { asPart: true, subresource: 'status' })
    } catch (error) {
      // It was deleted in between: there is nobody to tell.
      if (!isError(error, 'NotFound')) throw error
    }
  }

  function note(names: Iterable<string>): void {
    for (const name of names) due.add(name)
    // Not within the change that led here: the caches are still being brought up to date.
    if (due.size > 0 && !running) setImmediate(() => running || stopped || void run())
  }

  function follow(object: KubeObject, isThere: boolean): void {
    const { name } = object.metadata
    for (const [key, names] of byService) if (names.delete(name) && names.size === 0) byService.delete(key)
    const { service } = (object as unknown as APIService).spec
    if (!isThere || service === undefined) return
    const key = `${service.namespace ?? ''}/${service.name ?? ''}`
    byService.set(key, (byService.get(key) ?? new Set()).add(name))
    note([name])
  }

  const noteOf = (namespace: string | undefined, name: string | undefined): void => {
    if (byService.size > 0) note(byService.get(`${namespace ?? ''}/${name ?? ''}`) ?? [])
  }
  const stops = [
    objects.observe(kind, (object, change) => follow(object, change === 'put')),
    objects.observe(serviceKind, ({ metadata }) => noteOf(metadata.namespace, metadata.name)),
    objects.observe(sliceKind, ({ metadata }) => noteOf(metadata.namespace, metadata.labels?.['kubernetes.io/service-name'])),
  ]
  for (const object of objects.list(kind)) follow(object, true)
  return () => {
    stopped = true
    for (const stop of stops) stop()
  }
}

const unreachable: Availability = {
  status: 'False',
  reason: 'FailedDiscoveryCheck',
  message: 'this server was set up without a way to reach aggregated API servers',
}

function withCondition(object: KubeObject, condition: APIServiceCondition): KubeObject {
  const { status } = object as unknown as APIService
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type)
  return { ...object, status: { ...status, conditions: [...others, condition] } } as unknown as KubeObject
}
