import type { Binding, Pod, PodCondition } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import { WherryError } from '#lib/errors.ts'
import { notSupported, required } from '#schema/validate.ts'
import type { SubresourceCall, SubresourceHandler } from '../contract.ts'
import { badRequest, conflict } from '../http/status.ts'
import { displayKeyOf } from '../registry/keys.ts'
import { successStatus } from './success.ts'

/** `POST …/pods/p/binding`: says on which node a pod runs, once and for all. */
export const podBinding: SubresourceHandler = (call) => bind(call, call.attributes.name)

/** `POST …/bindings`: the same, the pod being named in the body. */
export const podBindingByBody: SubresourceHandler = (call) => bind(call, (call.body as Binding).metadata.name ?? '')

async function bind(call: SubresourceCall, name: string): Promise<KubeObject> {
  const { server, attributes, dryRun } = call
  const binding = call.body as Binding
  if (binding.metadata.name !== name) throw badRequest('name in URL does not match name in Binding object')
  const problems = problemsOf(binding)
  // The reference lets these through as plain errors.
  if (problems.length > 0) throw new WherryError('InternalError', textOf(problems), { status: 500 })
  const kind = server.objects.kindOf('', 'pods')!
  const refused = (why: string) => conflict({ ...kind, plural: 'pods/binding' }, name, why)
  await server.update(
    kind,
    name,
    attributes.namespace,
    (present) => {
      const pod = present as unknown as Pod & KubeObject
      const { uid, resourceVersion } = binding.metadata
      const precondition = (what: string) =>
        conflict(
          kind,
          name,
          `StorageError: invalid object, Code: 4, Key: ${displayKeyOf(kind, attributes.namespace, name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${what}`,
        )
      if (uid && uid !== pod.metadata.uid) throw precondition(`UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`)
      if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion)
        throw precondition(
          `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${pod.metadata.resourceVersion}`,
        )
      if (pod.metadata.deletionTimestamp !== undefined) throw refused(`pod ${name} is being deleted, cannot be assigned to a host`)
      if (pod.spec.nodeName) throw refused(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
      if ((pod.spec.schedulingGates?.length ?? 0) > 0) throw refused(`pod ${name} has non-empty .spec.schedulingGates`)
      return bound(pod, binding, call.now) as unknown as KubeObject
    },
    { dryRun, user: attributes.user, asPart: true, admitted: true, partOf: call.request },
  )
  return successStatus(201)
}

function bound(pod: Pod & KubeObject, binding: Binding, now: string): Pod {
  const { nominatedNodeName: _nominated, ...status } = pod.status
  const { annotations, labels } = binding.metadata
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now } as PodCondition
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations !== undefined && { annotations: { ...pod.metadata.annotations, ...annotations } }),
      ...(labels !== undefined && { labels: { ...pod.metadata.labels, ...labels } }),
      resourceVersion: '',
    },
    spec: { ...pod.spec, nodeName: binding.target.name! },
    status: { ...status, conditions: [...(status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), scheduled] },
  } as Pod
}

function problemsOf({ target }: Binding): readonly Cause[] {
  return [
    ...(target.kind && target.kind !== 'Node' ? [notSupported('target.kind', target.kind, ['Node', '<empty>'])] : []),
    ...(target.name ? [] : [required('target.name')]),
  ]
}

function textOf(problems: readonly Cause[]): string {
  const texts = problems.map(({ field, message }) => `${field}: ${message}`)
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}
