import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EnvVar } from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { isStaticPod } from '../pod/pod-source.ts'
import { expand } from './expand.ts'
import { fieldValue, resourceValue } from './field-value.ts'
import { serviceVariables } from './service-variables.ts'

/** Objects that a container's environment refers to. `undefined`: there is no such object. */
export interface References {
  configMap(name: string, namespace: string): Promise<ConfigMap | undefined>
  secret(name: string, namespace: string): Promise<Secret | undefined>
  /**
   * All services of the namespace, and `kubernetes` of the namespace default. A static pod has those that are known by now: it may be what the
   * API server runs in.
   */
  services(namespace: string, isStatic: boolean): Promise<readonly Service[]>
  /** A variable from a file in a volume of the pod (KEP-3721); '' or undefined: it is not there. */
  file?(volume: string, path: string, key: string): Promise<string | undefined>
}

export interface EnvironmentContext {
  readonly pod: Pod
  readonly container: AnyContainer
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
  /** What a missing limit stands for in `resourceFieldRef`. */
  readonly allocatable: Readonly<Record<string, string>>
  readonly references: References
}

/**
 * The environment of a container: services, then `envFrom` in order, then `env` in order; a later value replaces an earlier one, and `env`
 * values see all before them. Throws `WherryError` where something referred to is missing and not optional.
 */
export async function containerEnvironment(context: EnvironmentContext): Promise<ReadonlyMap<string, string>> {
  const { pod, container, references } = context
  const namespace = pod.metadata.namespace
  const services = serviceVariables(
    await references.services(namespace, isStaticPod(pod)),
    namespace,
    pod.spec.enableServiceLinks !== false,
  )
  const own = new Map<string, string>()

  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const data =
      configMapRef !== undefined
        ? (await configMapData(references, namespace, configMapRef))?.data
        : secretRef !== undefined
          ? decoded((await secretData(references, namespace, secretRef))?.data)
          : undefined
    for (const [key, value] of Object.entries(data ?? {})) own.set(prefix + key, value)
  }
  for (const variable of container.env ?? []) {
    const value = variable.value
      ? expand(variable.value, (name) => own.get(name) ?? services.get(name))
      : variable.valueFrom === undefined
        ? ''
        : await referredValue(context, variable)
    if (value !== undefined) own.set(variable.name, value)
  }
  return new Map([...services, ...own])
}

async function referredValue(context: EnvironmentContext, { valueFrom = {} }: EnvVar): Promise<string | undefined> {
  const { pod, container, references } = context
  const namespace = pod.metadata.namespace
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath, context)
  if (resourceFieldRef !== undefined) return resourceValue(pod, resourceFieldRef, container.name, context.allocatable)
  if (configMapKeyRef !== undefined) {
    const value = (await configMapData(references, namespace, configMapKeyRef))?.data?.[configMapKeyRef.key]
    if (value === undefined && !configMapKeyRef.optional)
      throw new WherryError('NotFound', `couldn't find key ${configMapKeyRef.key} in ConfigMap ${namespace}/${configMapKeyRef.name}`)
    return value
  }
  if (secretKeyRef !== undefined) {
    const value = (await secretData(references, namespace, secretKeyRef))?.data?.[secretKeyRef.key]
    if (value === undefined && !secretKeyRef.optional)
      throw new WherryError('NotFound', `couldn't find key ${secretKeyRef.key} in Secret ${namespace}/${secretKeyRef.name}`)
    return value === undefined ? undefined : text(value)
  }
  if (fileKeyRef !== undefined) {
    const value = await references.file?.(fileKeyRef.volumeName, fileKeyRef.path, fileKeyRef.key)
    if (!value && !fileKeyRef.optional)
      throw new WherryError('NotFound', `environment variable key "${fileKeyRef.key}" not found in file "${fileKeyRef.path}"`)
    return value || undefined
  }
  return ''
}

interface Reference {
  readonly name: string
  readonly optional?: boolean | undefined
}

async function configMapData(references: References, namespace: string, { name, optional }: Reference): Promise<ConfigMap | undefined> {
  const found = await references.configMap(name, namespace)
  if (found === undefined && !optional) throw new WherryError('NotFound', `configmap "${name}" not found`)
  return found
}

async function secretData(references: References, namespace: string, { name, optional }: Reference): Promise<Secret | undefined> {
  const found = await references.secret(name, namespace)
  if (found === undefined && !optional) throw new WherryError('NotFound', `secret "${name}" not found`)
  return found
}

const text = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')
const decoded = (data: Readonly<Record<string, string>> | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, text(value)]))
