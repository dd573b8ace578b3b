import { LimitRange } from '#api/core/v1/limit-range.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Container, ResourceRequirements } from '#api/core/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { PriorityClass, systemClasses } from '#api/scheduling/v1/priority-class.ts'
import type { Client } from '#client/client.ts'
import { decodeObject } from '#client/decode-object.ts'
import type { ManifestObject } from '#client/manifests.ts'
import { WherryError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import type { Objects } from './objects.ts'

/** Makes of what somebody wrote what the server would make of it, without keeping it. */
export interface Admission {
  /**
   * By the server's own dry run, with its defaults, webhooks, policies and quotas; what rests on objects that are only planned, by the defaults
   * of the API alone. Rejects with the server's refusal, and with `Invalid` for fields that there are not.
   */
  admit(kind: AnyKind, body: ManifestObject, existing?: KubeObject): Promise<KubeObject>
  /** By the defaults of the API alone. */
  complete(kind: AnyKind, body: ManifestObject): KubeObject
}

/** `planned` are the manifests' own objects. */
export function createAdmission(client: Client, cluster: Objects, planned: Objects): Admission {
  const isOnlyPlanned = (kind: AnyKind, name: string | undefined, namespace?: string): boolean =>
    name !== undefined && planned.get(kind, name, namespace) !== undefined && cluster.get(kind, name, namespace) === undefined

  /** Whether the server would ask for something that is not there yet. */
  function isBeyondServer(kind: AnyKind, { metadata: { namespace }, spec }: ManifestObject): boolean {
    if (isOnlyPlanned(Namespace, namespace)) return true
    if (kind !== (Pod as AnyKind)) return false
    const { priorityClassName, serviceAccountName } = spec as Partial<Pod['spec']>
    return (
      isOnlyPlanned(PriorityClass, priorityClassName) ||
      isOnlyPlanned(ServiceAccount, serviceAccountName, namespace) ||
      planned.list(LimitRange, namespace).length > 0
    )
  }

  function complete(kind: AnyKind, body: ManifestObject): KubeObject {
    const { value, errors, unknown } = decode(kind, body)
    const problems = [...errors, ...unknown]
    if (problems.length > 0) throw new WherryError('Invalid', problems.join('; '))
    const filled = withDefaults(kind, value)
    const object = (kind.rules.defaults?.(filled as never) ?? filled) as KubeObject
    const { namespace, name, generateName } = body.metadata
    const uid = `planned/${kind.plural}/${namespace ?? ''}/${name ?? generateName}`
    return { ...object, metadata: { ...object.metadata, uid, resourceVersion: '0', creationTimestamp: '' } } as KubeObject
  }

  return {
    complete,
    async admit(kind, body, existing) {
      if (isBeyondServer(kind, body)) {
        const object = complete(kind, body)
        return kind === (Pod as AnyKind) ? admitPod(object as Pod, cluster, planned) : object
      }
      const { name, namespace } = body.metadata
      const options = {
        dryRun: true,
        fieldManager: 'wherry-plan',
        fieldValidation: 'Strict',
        ...(namespace !== undefined && { namespace }),
      } as const
      const answer =
        existing === undefined || name === undefined
          ? await client.create(kind, body as never, options)
          : await client.patch(kind, name, { type: 'apply', body, force: true }, options)
      return answer as KubeObject
    },
  }
}

/** Priority and limits as admission gives them (plug-ins Priority and LimitRanger). */
function admitPod(pod: Pod, cluster: Objects, planned: Objects): Pod {
  const { namespace } = pod.metadata
  const ranges = [...cluster.list(LimitRange, namespace), ...planned.list(LimitRange, namespace)]
  const limits = ranges.flatMap(({ spec }) => spec.limits).filter(({ type }) => type === 'Container')
  const limited = (container: Container): Container => {
    const resources = limits.reduce<ResourceRequirements>(
      ({ requests, limits: most, ...rest }, range) => ({
        ...rest,
        limits: { ...range.default, ...most },
        // A limit that somebody wrote is a request, too, before the range's own.
        requests: { ...range.defaultRequest, ...most, ...requests },
      }),
      container.resources ?? {},
    )
    return { ...container, resources }
  }
  const priority = priorityOf(pod, [...cluster.list(PriorityClass), ...planned.list(PriorityClass)])
  const { containers, initContainers } = pod.spec
  const spec = {
    ...pod.spec,
    ...priority,
    containers: containers.map(limited),
    ...(initContainers && { initContainers: initContainers.map(limited) }),
  }
  return decodeObject(Pod, structuredClone({ ...pod, spec, status: pod.status ?? {} }))
}

function priorityOf({ spec }: Pod, classes: readonly PriorityClass[]): Pick<Pod['spec'], 'priority' | 'preemptionPolicy'> {
  const name = spec.priorityClassName
  const found = name ? classes.find(({ metadata }) => metadata.name === name) : classes.find(({ globalDefault }) => globalDefault)
  if (found !== undefined) return { priority: found.value, preemptionPolicy: found.preemptionPolicy ?? 'PreemptLowerPriority' }
  if (name && !Object.hasOwn(systemClasses, name)) throw new WherryError('Forbidden', `no PriorityClass with name ${name} was found`)
  return { priority: name ? systemClasses[name]! : 0, preemptionPolicy: 'PreemptLowerPriority' }
}
