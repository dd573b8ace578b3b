import type { Pod } from '#api/core/v1/pod.ts'
import { isTerminalPhase } from '#api/core/v1/pod-helpers.ts'
import type { PodResourceClaim } from '#api/core/v1/types.ts'

/** Pods by the claims that they use, and by the templates that those are made of: both `namespace/name`. */
export const byResourceClaim = 'resource claim'
export const byResourceClaimTemplate = 'resource claim template'

export const podsByResourceClaim = {
  [byResourceClaim]: ({ metadata, spec, status }: Pod) =>
    (spec.resourceClaims ?? []).flatMap((entry) => {
      const named = claimNamed(entry, status)
      return named.state === 'named' ? [`${metadata.namespace}/${named.name}`] : []
    }),
  [byResourceClaimTemplate]: ({ metadata, spec }: Pod) =>
    (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: template }) =>
      template ? [`${metadata.namespace}/${template}`] : [],
    ),
}

export type NamedClaim =
  /** `isGenerated`: it was made for the pod, which has to own it. */
  | { readonly state: 'named'; readonly name: string; readonly isGenerated: boolean }
  /** The pod's status says that none is needed. */
  | { readonly state: 'not needed' }
  /** To be made of a template, and not noted in the pod's status yet. */
  | { readonly state: 'not made' }
  /** It says where it comes from in a way that we do not know. */
  | { readonly state: 'unknown' }

/** Which claim an entry of the pod's `resourceClaims` stands for. */
export function claimNamed(entry: PodResourceClaim, status: Pod['status']): NamedClaim {
  if (entry.resourceClaimName !== undefined) return { state: 'named', name: entry.resourceClaimName, isGenerated: false }
  if (entry.resourceClaimTemplateName === undefined) return { state: 'unknown' }
  const noted = status.resourceClaimStatuses?.find(({ name }) => name === entry.name)
  if (noted === undefined) return { state: 'not made' }
  return noted.resourceClaimName === undefined
    ? { state: 'not needed' }
    : { state: 'named', name: noted.resourceClaimName, isGenerated: true }
}

/** None of its containers runs, or ever will. */
export const isPodDone = ({ metadata, spec, status }: Pod): boolean =>
  isTerminalPhase(status.phase) || (metadata.deletionTimestamp !== undefined && !spec.nodeName)
