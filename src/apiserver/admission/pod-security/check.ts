import type { Container, EphemeralContainer, PodSpec } from '#api/core/v1/types.ts'

/** What a check looks at: a pod or the template of one. */
export interface Checked {
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
}

/** What a check has against a pod: in short for a list of pods, and with the details for its author. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** What a pod breaks of one rule; undefined: nothing. Pure. */
export type CheckPod = (checked: Checked) => Violation | undefined

/** One rule of the Pod Security Standards. */
export interface Check {
  readonly id: string
  /** The rule as of which minor version of v1, rising. Whoever asks for an older version of the standards gets that version's rule. */
  readonly versions: readonly (readonly [since: number, check: CheckPod])[]
  /** The baseline rule that this restricted one takes the place of. */
  readonly overrides?: string
}

type AnyContainer = Container | EphemeralContainer
/** A container's own. */
export type SecurityContext = NonNullable<Container['securityContext']>

/** All containers of a pod in the order in which messages name them: init containers first, ephemeral ones last. */
export const containersOf = ({ initContainers = [], containers, ephemeralContainers = [] }: PodSpec): readonly AnyContainer[] => [
  ...initContainers,
  ...containers,
  ...ephemeralContainers,
]

/** Names of the containers that are so. */
export const namesOf = (spec: PodSpec, isBad: (security: SecurityContext, container: AnyContainer) => boolean): string[] =>
  containersOf(spec)
    .filter((container) => isBad(container.securityContext ?? {}, container))
    .map(({ name }) => name)

/** `"a", "b"`. */
export const quoted = (items: readonly string[]): string => `"${items.join('", "')}"`
/** The word for one of the items, or for several of them. */
export const plural = (one: string, items: readonly unknown[], many = `${one}s`): string => (items.length === 1 ? one : many)

/** `container "a"`, `containers "a", "b"`. */
export const containersText = (names: readonly string[]): string => `${plural('container', names)} ${quoted(names)}`

/** What the pod and each of its containers can say in the same words. */
type SharedContext = Pick<SecurityContext, keyof SecurityContext & keyof NonNullable<PodSpec['securityContext']>>

/** `pod and container "a"`: who set what must not be set; undefined where nobody did. The pod is asked first. */
export function settersOf(spec: PodSpec, isBad: (security: SharedContext) => boolean): string | undefined {
  const byPod = isBad((spec.securityContext ?? {}) as SharedContext)
  const names = namesOf(spec, isBad)
  const setters = [...(byPod ? ['pod'] : []), ...(names.length > 0 ? [containersText(names)] : [])]
  return setters.length === 0 ? undefined : setters.join(' and ')
}

/** Whether a profile (of seccomp or AppArmor) is one that confines nothing; puts its type to `seen` where it is. */
export const isUnconfined =
  (seen: string[]) =>
  (profile: { readonly type: string } | undefined): boolean => {
    if (profile === undefined || profile.type === 'RuntimeDefault' || profile.type === 'Localhost') return false
    seen.push(profile.type)
    return true
  }

/** Each once, in order. */
export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort()

/** The rule for all but Windows pods, to which what it asks for means nothing (KEP-2802). */
export const exceptWindows =
  (check: CheckPod): CheckPod =>
  (checked) =>
    checked.spec.os?.name === 'windows' ? undefined : check(checked)

/** The rule for all but pods in a user namespace, whose root is nobody on the node (KEP-127). */
export const exceptUserNamespaces =
  (check: CheckPod): CheckPod =>
  (checked) =>
    checked.spec.hostUsers === false ? undefined : check(checked)
