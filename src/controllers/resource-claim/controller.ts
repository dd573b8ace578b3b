import { Pod } from '#api/core/v1/pod.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { byResourceClaim, byResourceClaimTemplate, claimNamed, isPodDone } from '../common/pod-claims.ts'
import { createTold } from '../common/told.ts'
import { measureClaims, resourceClaimMetrics } from './metrics.ts'
import { afterClaimStatus, type ClaimView, planClaim } from './plan-claim.ts'
import { afterClaimAnswer, type PodClaimsView, planPodClaims } from './plan-pod.ts'

/** Makes the ResourceClaims that pods ask for by template, and takes back what pods that are done had reserved. */
export function resourceClaimController(): Controller<ClaimView | PodClaimsView> {
  const told = createTold()
  return {
    name: 'resource-claim-controller',
    eventSource: 'resource_claim',
    // The name in which the reference owns the list of claims in a pod's status.
    fieldManager: 'ResourceClaimController',
    sources: [
      { kind: Pod, keys: podKeys },
      {
        kind: ResourceClaim,
        keys: (claim: ResourceClaim, cache: Cache) => {
          const owner = controllerOf(claim)
          const { namespace } = claim.metadata
          return [
            `claim ${keyOf(claim)}`,
            ...(owner?.kind === 'Pod' ? [`pod ${namespace}/${owner.name}`] : []),
            ...cache.indexed(Pod, byResourceClaim, keyOf(claim)).map((pod) => `pod ${keyOf(pod)}`),
          ]
        },
      },
      {
        kind: ResourceClaimTemplate,
        keys: (template: ResourceClaimTemplate, cache: Cache) =>
          cache.indexed(Pod, byResourceClaimTemplate, keyOf(template)).map((pod) => `pod ${keyOf(pod)}`),
      },
    ],
    view: (key, cache, now) => {
      const [about = '', place = ''] = key.split(' ')
      const view = about === 'pod' ? podView(key, place, cache, now) : claimView(place, cache)
      if (view === undefined && about === 'pod') told.forget(key)
      return view
    },
    plan: (view) => (view.about === 'pod' ? told.plan(view.key, planPodClaims(view), view.now) : planClaim(view)),
    metrics: resourceClaimMetrics,
    measured: (_view, plan, outcome) => measureClaims(plan, outcome),
    answered: (view, command, answer) =>
      view.about === 'pod' ? afterClaimAnswer(view, command, answer) : afterClaimStatus(command, answer),
  }
}

function podKeys(pod: Pod, cache: Cache): string[] {
  const entries = pod.spec.resourceClaims ?? []
  const extended = pod.status.extendedResourceClaimStatus?.resourceClaimName
  if (entries.length === 0 && extended === undefined) return []
  const { namespace, name, uid } = pod.metadata
  const isGone = cache.get(Pod, name, namespace)?.metadata.uid !== uid
  const keys = entries.length === 0 ? [] : [`pod ${keyOf(pod)}`]
  if (!isGone && !isPodDone(pod)) return keys
  const names = entries.flatMap((entry) => {
    const named = claimNamed(entry, pod.status)
    return named.state === 'named' ? [named.name] : []
  })
  return [...keys, ...[...names, ...(extended === undefined ? [] : [extended])].map((claim) => `claim ${namespace}/${claim}`)]
}

function podView(key: string, place: string, cache: Cache, now: Instant): PodClaimsView | undefined {
  const { namespace, name } = splitKey(place)
  const pod = cache.get(Pod, name, namespace)
  if (pod === undefined) return undefined
  const entries = pod.spec.resourceClaims ?? []
  const names = entries.map((entry) => claimNamed(entry, pod.status)).flatMap((named) => (named.state === 'named' ? [named.name] : []))
  return {
    about: 'pod',
    key,
    now,
    pod,
    claims: found(names, (claim) => cache.get(ResourceClaim, claim, namespace)),
    owned: cache.ownedBy(ResourceClaim, pod.metadata),
    templates: found(
      entries.flatMap(({ resourceClaimTemplateName: template }) => template ?? []),
      (template) => cache.get(ResourceClaimTemplate, template, namespace),
    ),
  }
}

function claimView(place: string, cache: Cache): ClaimView | undefined {
  const { namespace, name } = splitKey(place)
  const claim = cache.get(ResourceClaim, name, namespace)
  if (claim === undefined) return undefined
  return {
    about: 'claim',
    claim,
    podState(podName, uid) {
      const pod = cache.get(Pod, podName, namespace)
      if (pod === undefined) return 'absent'
      if (pod.metadata.uid !== uid) return 'replaced'
      return isPodDone(pod) ? 'done' : 'runs'
    },
  }
}

const found = <T>(names: readonly string[], get: (name: string) => T | undefined): ReadonlyMap<string, T> =>
  new Map(
    names.flatMap((name) => {
      const object = get(name)
      return object === undefined ? [] : [[name, object] as const]
    }),
  )
