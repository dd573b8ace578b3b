import { Pod } from '#api/core/v1/pod.ts'
import type { PodResourceClaim } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command, Single } from '#loop/controller.ts'
import { claimNamed, isPodDone } from '../common/pod-claims.ts'
import type { RemarkedPlan } from '../common/told.ts'

/** Which entry of the pod's claims one was made for. */
export const entryAnnotation = 'resource.kubernetes.io/pod-claim-name'

/** As many consumers as one claim can have (API: ResourceClaimStatus). */
const consumersMax = 256

export interface PodClaimsView {
  readonly about: 'pod'
  readonly key: string
  readonly now: Instant
  readonly pod: Pod
  /** Claims by name, of those that its entries stand for. */
  readonly claims: ReadonlyMap<string, ResourceClaim>
  /** Claims that it controls. */
  readonly owned: readonly ResourceClaim[]
  /** Templates by name, of those that its entries name. */
  readonly templates: ReadonlyMap<string, ResourceClaimTemplate>
}

/** Makes the claims that a pod asks for by template, notes them in its status, and reserves them where nobody scheduled it. */
export function planPodClaims(view: PodClaimsView): RemarkedPlan {
  const { pod } = view
  // The claims of one that has ended are removed: made anew for it, they would be removed again, without end.
  if (pod.metadata.deletionTimestamp !== undefined || isPodDone(pod)) return { commands: [], wakeAt: Infinity }
  const entries = pod.spec.resourceClaims ?? []
  const missing = entries.filter((entry) => entry.resourceClaimTemplateName !== undefined && generatedClaim(view, entry) === 'missing')
  const creations = missing.flatMap((entry) => {
    const template = view.templates.get(entry.resourceClaimTemplateName!)
    return template === undefined ? [] : [creation(pod, entry, template)]
  })
  const lost = missing.find(({ resourceClaimTemplateName: name }) => !view.templates.has(name!))
  const problem =
    lost &&
    `resource claim template "${lost.resourceClaimTemplateName}": resourceclaimtemplate.resource.k8s.io "${lost.resourceClaimTemplateName}" not found`
  const commands: Command[] = creations.length === 0 ? [] : [{ do: 'together', commands: creations }]
  // What was made is seen at the next look, and noted then: all of it in one write.
  if (missing.length === 0) commands.push(...noteClaims(view), ...reserveClaims(view))
  return {
    commands,
    wakeAt: Infinity,
    ...(lost !== undefined && { remarks: [failure(pod, lost.name, problem!)] }),
  }
}

/** The event of a claim that could not be made. */
export function afterClaimAnswer({ pod }: PodClaimsView, command: Single, answer: KubeObject | WherryError): readonly Command[] {
  if (command.do !== 'create' || !(answer instanceof WherryError)) return []
  const entry = (command.object as KubeObject).metadata.annotations?.[entryAnnotation] ?? ''
  return [failure(pod, entry, `create ResourceClaim : ${answer.message}`)]
}

const failure = (pod: Pod, entry: string, problem: string): Extract<Command, { do: 'event' }> => ({
  do: 'event',
  regarding: pod,
  type: 'Warning',
  reason: 'FailedResourceClaimCreation',
  message: `PodResourceClaim ${entry}: ${problem}`,
})

/** The claim made for the entry: the one that the status notes, or one that was made and not noted yet. */
function generatedClaim({ pod, claims, owned }: PodClaimsView, entry: PodResourceClaim): ResourceClaim | 'missing' | 'not needed' {
  const named = claimNamed(entry, pod.status)
  if (named.state === 'not needed') return 'not needed'
  const noted = named.state === 'named' ? claims.get(named.name) : undefined
  if (noted !== undefined && isControlledBy(noted, pod)) return noted
  return owned.find(({ metadata }) => metadata.annotations?.[entryAnnotation] === entry.name) ?? 'missing'
}

function creation(pod: Pod, entry: PodResourceClaim, { spec }: ResourceClaimTemplate): Single {
  const { namespace, name, uid } = pod.metadata
  const { annotations, labels } = spec.metadata ?? {}
  return {
    do: 'create',
    kind: ResourceClaim,
    namespace,
    object: {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: {
        generateName: prefixOf(name, entry.name),
        namespace,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
        annotations: { ...annotations, [entryAnnotation]: entry.name },
        ...(labels !== undefined && { labels }),
      },
      spec: spec.spec,
    },
  }
}

/** Both names in proportion, where they are too long for a name of 63 letters: the end of the entry's name tells more than the pod's. */
function prefixOf(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`
  if (whole.length <= prefixMax) return whole
  const part = (text: string) => text.slice(0, Math.floor((text.length * prefixMax) / whole.length))
  return `${part(pod)}-${part(entry)}`
}
const prefixMax = 57

function noteClaims(view: PodClaimsView): Command[] {
  const { pod } = view
  const { namespace, name } = pod.metadata
  const statuses = (pod.spec.resourceClaims ?? []).flatMap((entry) => {
    if (entry.resourceClaimTemplateName === undefined) return []
    const claim = generatedClaim(view, entry)
    if (claim === 'missing') return []
    return [{ name: entry.name, ...(claim !== 'not needed' && { resourceClaimName: claim.metadata.name }) }]
  })
  const isNoted = statuses.every((status) => (pod.status.resourceClaimStatuses ?? []).some((noted) => same(noted, status)))
  return isNoted
    ? []
    : [{ do: 'apply', kind: Pod, name, namespace, body: { status: { resourceClaimStatuses: statuses } }, subresource: 'status' }]
}

/** The scheduler reserves what it places; a pod that named its node itself has nobody but us. */
function reserveClaims(view: PodClaimsView): Command[] {
  const { pod, claims } = view
  if (!pod.spec.nodeName) return []
  const { name, uid } = pod.metadata
  return (pod.spec.resourceClaims ?? []).flatMap((entry): Command[] => {
    const named = claimNamed(entry, pod.status)
    const claim = named.state === 'named' ? claims.get(named.name) : undefined
    if (claim?.status.allocation === undefined || (named.state === 'named' && named.isGenerated && !isControlledBy(claim, pod))) return []
    const reservedFor = claim.status.reservedFor ?? []
    if (reservedFor.length >= consumersMax || reservedFor.some((consumer) => consumer.uid === uid)) return []
    const status = { ...claim.status, reservedFor: [...reservedFor, { resource: 'pods', name, uid }] }
    return [{ do: 'update', kind: ResourceClaim, object: { ...claim, status } as ResourceClaim, subresource: 'status' }]
  })
}
