import { containerWarnings } from '#api/core/v1/container-warnings.ts'
import { ipWarnings } from '#api/core/v1/ip-warnings.ts'
import { deprecatedNodeLabels, nodeSelectorTermWarnings } from '#api/core/v1/node-label-warnings.ts'
import { portWarnings } from '#api/core/v1/port-warnings.ts'
import type { Affinity, Pod, PodSpec, PodTemplateSpec, Volume } from '#api/core/v1/types.ts'
import { overlappingPathWarnings } from '#api/core/v1/volume-path-warnings.ts'
import { claimSpecWarnings, fractionalBytes } from '#api/core/v1/volume-warnings.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { repeats } from '#lib/repeats.ts'
import { quote } from '#schema/go-text.ts'
import { checkDns1123Label } from '#schema/validate.ts'

/** What is accepted in a pod, and yet is hardly what was meant: shown beside the answer. */
export const podWarnings = ({ metadata, spec }: Pick<Pod, 'metadata' | 'spec'>): string[] => warningsOf(spec, metadata, '', false)

/** The same of a template at `path`. */
export const podTemplateWarnings = ({ metadata, spec }: PodTemplateSpec, path: string): string[] =>
  warningsOf(spec, metadata, `${path}.`, true)

function warningsOf(spec: PodSpec, { annotations }: ObjectMeta = {}, prefix: string, isTemplate: boolean): string[] {
  const at = `${prefix}spec`
  const { affinity, topologySpreadConstraints, volumes, hostAliases, imagePullSecrets, overhead, dnsConfig } = spec
  const warnings: string[] = []
  for (const key of Object.keys(spec.nodeSelector ?? {}))
    if (Object.hasOwn(deprecatedNodeLabels, key)) warnings.push(`${at}.nodeSelector[${key}]: ${deprecatedNodeLabels[key]}`)
  if (affinity?.nodeAffinity !== undefined) warnings.push(...nodeAffinityWarnings(affinity, `${at}.affinity.nodeAffinity`))
  for (const [i, { topologyKey, labelSelector }] of (topologySpreadConstraints ?? []).entries()) {
    const own = `${at}.topologySpreadConstraints[${i}]`
    if (Object.hasOwn(deprecatedNodeLabels, topologyKey))
      warnings.push(`${own}.topologyKey: ${topologyKey} is ${deprecatedNodeLabels[topologyKey]}`)
    if (labelSelector === undefined) warnings.push(`${own}.labelSelector: ${matchesNothing}`)
  }
  if (annotations !== undefined)
    for (const [key, text] of Object.entries(pastAnnotations))
      if (annotations[key] !== undefined) warnings.push(`${prefix}metadata.annotations[${key}]: ${text}`)
  if (volumes !== undefined) {
    warnings.push(...volumes.flatMap((volume, i) => volumeWarnings(volume, `${at}.volumes[${i}]`)))
    warnings.push(...overlappingPathWarnings(volumes))
  }
  if (hostAliases !== undefined)
    for (const [i, ip] of repeated(hostAliases.map(({ ip }) => ip))) warnings.push(`${at}.hostAliases[${i}].ip: duplicate ip ${quote(ip)}`)
  if (imagePullSecrets !== undefined) {
    const names = imagePullSecrets.map(({ name }) => name || '')
    for (const [i, name] of repeated(names)) warnings.push(`${at}.imagePullSecrets[${i}].name: duplicate name ${quote(name)}`)
    for (const [i, name] of names.entries()) if (name === '') warnings.push(`${at}.imagePullSecrets[${i}].name: invalid empty name ""`)
  }
  if (overhead !== undefined)
    for (const name of ['memory', 'ephemeral-storage']) warnings.push(...fractionalBytes(overhead[name], `${at}.overhead[${name}]`))
  if (annotations?.[seccompAnnotation] !== undefined && spec.securityContext?.seccompProfile === undefined)
    warnings.push(`${prefix}metadata.annotations[${seccompAnnotation}]: non-functional in v1.27+; use the "seccompProfile" field instead`)
  // Not as arguments: of those there may not be a hundred thousand.
  for (const text of containerWarnings(spec, annotations, prefix, isTemplate)) warnings.push(text)
  for (const text of portWarnings(spec, at)) warnings.push(text)
  if (spec.terminationGracePeriodSeconds < 0)
    warnings.push(`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`)
  if (affinity !== undefined) warnings.push(...podAffinityWarnings(affinity, `${at}.affinity`))
  for (const [i, address] of (dnsConfig?.nameservers ?? []).entries())
    warnings.push(...ipWarnings(address, `${at}.dnsConfig.nameservers[${i}]`))
  for (const [i, { ip }] of (hostAliases ?? []).entries()) warnings.push(...ipWarnings(ip, `${at}.hostAliases[${i}].ip`))
  return warnings
}

/** Names that end up in host names should be labels; the reference recommends it. */
export function nameWarnings(name: string, usedIn: 'pod' | 'pods'): string[] {
  const problems = checkDns1123Label(name)
  if (problems.length === 0) return []
  const where = usedIn === 'pod' ? "the Pod's hostname" : 'Pod names and hostnames'
  return [
    `metadata.name: this is used in ${where}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`,
  ]
}

const matchesNothing = 'a null labelSelector results in matching no pod'
const seccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod'
const pastAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
}

/** Sources by the names that the reference's own messages use. */
const pastVolumes: readonly (readonly [field: keyof Volume, text: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker: deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd: deprecated in v1.28, non-functional in v1.31+'],
]

function volumeWarnings(volume: Volume, path: string): string[] {
  const warnings: string[] = []
  for (const [field, text] of pastVolumes) if (volume[field] !== undefined) warnings.push(`${path}.${text}`)
  const claim = volume.ephemeral?.volumeClaimTemplate
  return claim?.spec === undefined
    ? warnings
    : [...warnings, ...claimSpecWarnings(claim.spec, `${path}.ephemeral.volumeClaimTemplate.spec`)]
}

function nodeAffinityWarnings({ nodeAffinity }: Affinity, path: string): string[] {
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return [
    ...terms.flatMap((term, i) =>
      nodeSelectorTermWarnings(term, false, `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`),
    ),
    ...preferred.flatMap(({ preference }, i) =>
      nodeSelectorTermWarnings(preference, true, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`),
    ),
  ]
}

function podAffinityWarnings(affinity: Affinity, path: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((name) => [
    ...(affinity[name]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, i) =>
      labelSelector === undefined
        ? [`${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${matchesNothing}`]
        : [],
    ),
    ...(affinity[name]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, i) =>
      podAffinityTerm.labelSelector === undefined
        ? [`${path}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${matchesNothing}`]
        : [],
    ),
  ])
}

const repeated = (names: readonly string[]): [number, string][] =>
  repeats(names).flatMap((isRepeated, i): [number, string][] => (isRepeated ? [[i, names[i]!]] : []))
