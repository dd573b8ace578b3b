import type { Container, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { canonicalQuantity, parseQuantity } from '#lib/quantity.ts'
import {
  checkConfigMapKey,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkQualifiedName,
  checkRelaxedEnvVarName,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'
import { validateNoBacksteps } from './paths.ts'

/** What is wrong with variables of an environment; `path` is that of their list. */
export function validateEnv(env: readonly EnvVar[] = [], path: string): Cause[] {
  return env.flatMap((one, i) => [
    ...(one.name === '' ? [required(`${path}[${i}].name`)] : invalidEach(`${path}[${i}].name`, one.name, checkRelaxedEnvVarName(one.name))),
    ...validateValueFrom(one, `${path}[${i}].valueFrom`),
  ])
}

/** What is wrong with whole objects as environments. */
export function validateEnvFrom(sources: NonNullable<Container['envFrom']> = [], path: string): Cause[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, i) => {
    const at = `${path}[${i}]`
    const causes: Cause[] = prefix ? invalidEach(`${at}.prefix`, prefix, checkRelaxedEnvVarName(prefix)) : []
    for (const [name, reference] of Object.entries({ configMapRef, secretRef })) {
      if (reference === undefined) continue
      if (!reference.name) causes.push(required(`${at}.${name}.name`))
      else causes.push(...invalidEach(`${at}.${name}.name`, reference.name, checkDns1123Subdomain(reference.name)))
    }
    if (configMapRef === undefined && secretRef === undefined)
      causes.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    else if (configMapRef !== undefined && secretRef !== undefined)
      causes.push(invalid(path, '', 'may not have more than one field specified at a time'))
    return causes
  })
}

const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What a volume shows of the pod's own fields. */
export const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

function validateValueFrom({ value, valueFrom }: EnvVar, path: string): Cause[] {
  if (valueFrom === undefined) return []
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  const causes: Cause[] = []
  if (fieldRef) causes.push(...validateFieldRef(fieldRef, envFields, `${path}.fieldRef`))
  if (resourceFieldRef) causes.push(...validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, false))
  for (const [name, selector] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (selector === undefined) continue
    const referred = selector.name || ''
    causes.push(...invalidEach(`${path}.${name}.name`, referred, checkDns1123Subdomain(referred)))
    if (selector.key === '') causes.push(required(`${path}.${name}.key`))
    else causes.push(...invalidEach(`${path}.${name}.key`, selector.key, checkConfigMapKey(selector.key)))
  }
  if (fileKeyRef) {
    const at = `${path}.fileKeyRef`
    const { key, volumeName, path: file } = fileKeyRef
    causes.push(...(key === '' ? [required(`${at}.key`)] : invalidEach(`${at}.key`, key, checkRelaxedEnvVarName(key))))
    causes.push(
      ...(volumeName === '' ? [required(`${at}.volumeName`)] : invalidEach(`${at}.volumeName`, volumeName, checkDns1123Label(volumeName))),
    )
    causes.push(...(file === '' ? [required(`${at}.path`)] : validateNoBacksteps(file, `${at}.path`)))
  }
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter((source) => source !== undefined).length
  if (count === 0)
    causes.push(invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'))
  else if (value) causes.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (count > 1) causes.push(invalid(path, '', 'may not have more than one field specified at a time'))
  return causes
}

/** A field of the pod, `metadata.labels['key']` among them. */
export function validateFieldRef({ apiVersion, fieldPath }: ObjectFieldSelector, supported: readonly string[], path: string): Cause[] {
  if (fieldPath === '') return [required(`${path}.fieldPath`)]
  if (apiVersion !== 'v1')
    return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: unsupported pod version: ${apiVersion}`)]
  const subscripted = /^(.*)\['(.*)'\]$/s.exec(fieldPath)
  if (subscripted !== null) {
    const [, field = '', subscript = ''] = subscripted
    if (field === 'metadata.annotations') return invalidEach(path, subscript.toLowerCase(), checkQualifiedName(subscript.toLowerCase()))
    if (field === 'metadata.labels') return invalidEach(path, subscript, checkQualifiedName(subscript))
    return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: field label does not support subscript: ${fieldPath}`)]
  }
  if (!knownFields.includes(fieldPath))
    return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)]
  const internal = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath
  return supported.includes(internal) ? [] : [notSupported(`${path}.fieldPath`, internal, supported)]
}

/** Fields that have a name in the downward API, though not all of them may be used everywhere. */
const knownFields = [
  ...envFields,
  ...volumeFields,
  'spec.host',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
  'status.nominatedNodeName',
]

const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

/** What is wrong with a reference to requests or limits of a container. `inVolume`: files have to say of which. */
export function validateResourceFieldRef(
  { containerName, resource, divisor }: ResourceFieldSelector,
  path: string,
  inVolume: boolean,
): Cause[] {
  const causes: Cause[] = []
  if (inVolume && !containerName) causes.push(required(`${path}.containerName`))
  else if (resource === '') causes.push(required(`${path}.resource`))
  else if (!resourceFields.includes(resource) && !/^(requests|limits)\.hugepages-/.test(resource))
    causes.push(notSupported(`${path}.resource`, resource, resourceFields))
  const part = resource.replace(/^(requests|limits)\./, '')
  if (divisor === undefined || divisor === '' || parseQuantity(divisor).nano === 0n || part === resource) return causes
  const text = canonicalQuantity(divisor)
  if (part === 'cpu') {
    if (text !== '1m' && text !== '1')
      causes.push(invalid(`${path}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource"))
  } else if ((part === 'memory' || part === 'ephemeral-storage' || part.startsWith('hugepages-')) && !byteDivisors.includes(text)) {
    const name = { memory: 'memory', 'ephemeral-storage': 'local ephemeral storage' }[part] ?? 'hugepages'
    causes.push(
      invalid(`${path}.divisor`, resource, `only divisor's values ${byteDivisors.join(', ')} are supported with the ${name} resource`),
    )
  }
  return causes
}

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']
