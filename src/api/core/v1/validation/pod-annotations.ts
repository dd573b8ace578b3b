import { appArmorAnnotationPrefix } from '#api/core/v1/app-armor.ts'
import type { AppArmorProfile, PodSpec, SeccompProfile } from '#api/core/v1/types.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import { forbidden, invalid } from '#schema/validate.ts'
import { validateDescendingPath } from './paths.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
const podSeccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompAnnotationPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

type Annotations = Readonly<Record<string, string>>

/** Annotations that mean something to the API server itself: of pods, and of templates. */
export function validatePodAnnotations(annotations: Annotations | undefined, spec: PodSpec, path: string): Cause[] {
  if (annotations === undefined) return []
  const causes: Cause[] = []
  const mirror = annotations[mirrorAnnotation]
  if (mirror !== undefined && !spec.nodeName)
    causes.push(invalid(`${path}[${mirrorAnnotation}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'))
  const cost = annotations[deletionCostAnnotation]
  if (cost !== undefined && !(/^-?(0|[1-9]\d*)$/.test(cost) && isInt32(Number(cost))))
    causes.push(invalid(`${path}[${deletionCostAnnotation}]`, cost, 'must be a 32bit integer'))
  const names = Object.keys(annotations)
  for (const key of names)
    if (key === podSeccompAnnotation || key.startsWith(seccompAnnotationPrefix))
      causes.push(...validateSeccompValue(annotations[key]!, `${path}.${key}`))
  const containers = new Set(
    [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])].map(({ name }) => name),
  )
  for (const key of names)
    if (key.startsWith(appArmorAnnotationPrefix))
      causes.push(...validateAppArmorValue(key, annotations[key]!, containers, `${path}[${key}]`))
  return causes
}

const isInt32 = (value: number): boolean => value >= -(2 ** 31) && value < 2 ** 31

function validateSeccompValue(value: string, path: string): Cause[] {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return []
  return value.startsWith('localhost/')
    ? validateDescendingPath(value.slice('localhost/'.length), path)
    : [invalid(path, value, 'must be a valid seccomp profile')]
}

function validateAppArmorValue(key: string, value: string, containers: ReadonlySet<string>, path: string): Cause[] {
  const name = key.slice(appArmorAnnotationPrefix.length)
  const causes = containers.has(name) ? [] : [invalid(path, name, 'container not found')]
  const isKnown = value === '' || value === 'runtime/default' || value === 'unconfined' || value.startsWith('localhost/')
  return isKnown ? causes : [...causes, invalid(path, value, `invalid AppArmor profile name: ${quote(value)}`)]
}

/** Where an old annotation and the field that took its place are both given, they say the same. `path` is the spec's. */
export function validateSeccompMatch({ annotations }: ObjectMeta = {}, spec: PodSpec, path: string): Cause[] {
  if (annotations === undefined) return []
  const causes = matchSeccomp(
    annotations[podSeccompAnnotation],
    spec.securityContext?.seccompProfile,
    `${path}.securityContext.seccompProfile`,
  )
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [i, { name, securityContext }] of (spec[list] ?? []).entries())
      causes.push(
        ...matchSeccomp(
          annotations[`${seccompAnnotationPrefix}${name}`],
          securityContext?.seccompProfile,
          `${path}.${list}[${i}].securityContext.seccompProfile`,
        ),
      )
  return causes
}

function matchSeccomp(annotation: string | undefined, profile: SeccompProfile | undefined, path: string): Cause[] {
  if (annotation === undefined || profile === undefined) return []
  const { type, localhostProfile } = profile
  const isLocal = annotation.startsWith('localhost/')
  const matches =
    type === 'Unconfined'
      ? annotation === 'unconfined'
      : type === 'RuntimeDefault'
        ? annotation === 'runtime/default' || annotation === 'docker/default'
        : type !== 'Localhost' || isLocal
  if (!matches) return [forbidden(`${path}.type`, 'seccomp type in annotation and field must match')]
  return type === 'Localhost' && annotation.slice('localhost/'.length) !== localhostProfile
    ? [forbidden(`${path}.localhostProfile`, 'seccomp profile in annotation and field must match')]
    : []
}

/** The same of AppArmor, where the pod's own profile stands for that of a container without one. */
export function validateAppArmorMatch({ annotations }: ObjectMeta = {}, spec: PodSpec, path: string): Cause[] {
  if (annotations === undefined || spec.os?.name === 'windows') return []
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ name, securityContext }, i) =>
      matchAppArmor(
        annotations[`${appArmorAnnotationPrefix}${name}`],
        securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile,
        `${path}.${list}[${i}].securityContext.appArmorProfile`,
      ),
    ),
  )
}

function matchAppArmor(annotation: string | undefined, profile: AppArmorProfile | undefined, path: string): Cause[] {
  if (annotation === undefined || profile === undefined) return []
  const { type, localhostProfile } = profile
  const matches =
    type === 'Unconfined'
      ? annotation === 'unconfined'
      : type === 'RuntimeDefault'
        ? annotation === 'runtime/default'
        : type !== 'Localhost' || annotation.startsWith('localhost/')
  if (!matches) return [forbidden(`${path}.type`, 'apparmor type in annotation and field must match')]
  return type === 'Localhost' && annotation.slice('localhost/'.length) !== localhostProfile
    ? [forbidden(`${path}.localhostProfile`, 'apparmor profile in annotation and field must match')]
    : []
}

/** Annotations by which a pod was admitted stay with it. */
export function validateAnnotationChanges(next: ObjectMeta, previous: ObjectMeta, spec: PodSpec): Cause[] {
  const path = 'metadata.annotations'
  const now = next.annotations ?? {}
  const before = previous.annotations ?? {}
  const causes: Cause[] = []
  for (const [key, value] of Object.entries(before)) {
    if (now[key] === value) continue
    if (key.startsWith(appArmorAnnotationPrefix)) causes.push(forbidden(`${path}[${key}]`, 'may not remove or update AppArmor annotations'))
    if (key === mirrorAnnotation) causes.push(forbidden(`${path}[${key}]`, 'may not remove or update mirror pod annotation'))
  }
  for (const key of Object.keys(now)) {
    if (before[key] !== undefined) continue
    if (key.startsWith(appArmorAnnotationPrefix)) causes.push(forbidden(`${path}[${key}]`, 'may not add AppArmor annotations'))
    if (key === mirrorAnnotation) causes.push(forbidden(`${path}[${key}]`, 'may not add mirror pod annotation'))
  }
  return [...causes, ...validatePodAnnotations(next.annotations, spec, path)]
}
