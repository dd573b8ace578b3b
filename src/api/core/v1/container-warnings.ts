import { profileOfAnnotation } from '#api/core/v1/app-armor.ts'
import type { Container, EphemeralContainer, PodSpec } from '#api/core/v1/types.ts'
import { fractionalBytes } from '#api/core/v1/volume-warnings.ts'
import { same } from '#api/strategy.ts'
import { quote } from '#schema/go-text.ts'

type Annotations = Readonly<Record<string, string>> | undefined

/** What is odd about single containers. `prefix` is where the pod or template stands, with a dot at its end. */
export function containerWarnings(spec: PodSpec, annotations: Annotations, prefix: string, isTemplate: boolean): string[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap((container, i) => [
      ...(annotations === undefined ? [] : annotationWarnings(container, spec, annotations, `${prefix}metadata.annotations`, isTemplate)),
      ...resourceWarnings(container, `${prefix}spec.${list}[${i}].resources`),
      ...envWarnings(container, `${prefix}spec.${list}[${i}].env`),
    ]),
  )
}

type AnyContainer = Container | EphemeralContainer

function annotationWarnings(
  { name, securityContext }: AnyContainer,
  spec: PodSpec,
  annotations: NonNullable<Annotations>,
  path: string,
  isTemplate: boolean,
): string[] {
  const warnings: string[] = []
  const seccomp = `container.seccomp.security.alpha.kubernetes.io/${name}`
  if (annotations[seccomp] !== undefined && securityContext?.seccompProfile === undefined)
    warnings.push(`${path}[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`)
  // A pod's own are told of when its annotations become fields.
  const appArmor = `container.apparmor.security.beta.kubernetes.io/${name}`
  const noted = annotations[appArmor]
  const ofPod = spec.securityContext?.appArmorProfile
  if (isTemplate && noted !== undefined && securityContext?.appArmorProfile === undefined)
    if (ofPod === undefined || !same(ofPod, profileOfAnnotation(noted)))
      warnings.push(`${path}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
  return warnings
}

const measuredInBytes = ['memory', 'ephemeral-storage']

function resourceWarnings({ resources }: AnyContainer, path: string): string[] {
  if (resources?.limits === undefined && resources?.requests === undefined) return []
  return measuredInBytes.flatMap((name) =>
    (['limits', 'requests'] as const).flatMap((part) => fractionalBytes(resources[part]?.[name], `${path}.${part}[${name}]`)),
  )
}

function envWarnings({ env = [] }: AnyContainer, path: string): string[] {
  if (env.length < 2) return []
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, i) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const reference = `$(${name})`
    // A later definition that builds on the former one is meant so.
    if (valueFrom === undefined && value !== reference && value.includes(reference)) return []
    return [`${path}[${i}]: hides previous definition of ${quote(name)}, which may be dropped when using apply`]
  })
}
