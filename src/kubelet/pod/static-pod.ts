import { createHash } from 'node:crypto'
import { Pod } from '#api/core/v1/pod.ts'
import { podReferences } from '#api/core/v1/pod-references.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { parseYaml } from '#schema/yaml.ts'
import { hashAnnotation, seenAnnotation, sourceAnnotation } from './pod-source.ts'

export interface Manifest {
  /** Whole path of the file: two files with one content are two pods. */
  readonly path: string
  readonly text: string
  /** When it was found, in milliseconds. */
  readonly seenAt: number
}

/**
 * The pod that a manifest on the node's disk asks for (Kubernetes documentation, "Create static Pods"): named after the node as well, with a UID that
 * changes with the file, tolerating whatever the node is tainted with. Throws `Invalid` for a file that is no pod, is wrong, or needs objects
 * of the API, which may be out of reach when the pod has to start.
 */
export function staticPod({ path, text, seenAt }: Manifest, nodeName: string): Pod {
  const refuse = (why: string) => new WherryError('Invalid', `the manifest ${path} is no pod that can run: ${why}`)
  const given = parseManifest(text, refuse)
  if (given['kind'] !== 'Pod' || given['apiVersion'] !== 'v1') throw refuse('it has to begin with apiVersion: v1 and kind: Pod')
  const { value, errors } = decode(Pod, given)
  if (errors[0] !== undefined) throw refuse(errors[0])
  const decoded = withDefaults(Pod, value as Pod)
  const { name } = decoded.metadata
  if (!name) throw refuse('name is needed for the pod')
  const uid =
    decoded.metadata.uid ||
    createHash('md5')
      .update(`${JSON.stringify(decoded)}host:${nodeName}file:${path}`)
      .digest('hex')
  const spec = {
    ...decoded.spec,
    nodeName,
    tolerations: [
      ...(decoded.spec.tolerations ?? []).filter((one) => !isForAll(one)),
      { operator: 'Exists', effect: 'NoExecute' } as const,
    ],
  }
  const metadata = {
    ...decoded.metadata,
    name: `${name}-${nodeName.toLowerCase()}`,
    namespace: decoded.metadata.namespace || 'default',
    uid,
    resourceVersion: '',
    creationTimestamp: rfc3339(seenAt),
    annotations: {
      ...decoded.metadata.annotations,
      [hashAnnotation]: uid,
      [seenAnnotation]: rfc3339(seenAt),
      [sourceAnnotation]: 'file',
    },
  }
  const plain = { ...decoded, apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase: 'Pending' } } as Pod
  const pod = Pod.rules.defaults?.(plain) ?? plain
  const [wrong] = Pod.rules.validate?.(pod, undefined as never) ?? []
  if (wrong !== undefined) throw refuse(`${wrong.field}: ${wrong.message}`)
  const [referred] = Object.entries(podReferences(pod)).filter(([, names]) => names.length > 0)
  if (referred !== undefined) throw refuse(`static pods may not reference ${referred[0].toLowerCase()}`)
  const sources = (pod.spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? [])
  const sort = Object.keys(projectedReferences).find((one) => sources.some((source) => source[one as keyof typeof source] !== undefined))
  if (sort !== undefined) throw refuse(`static pods may not reference ${projectedReferences[sort]}`)
  return pod
}

/** Sources of projected volumes that lead to the API without naming an object, in the reference's words (pkg/api/pod, HasAPIObjectReference). */
const projectedReferences: Readonly<Record<string, string>> = {
  clusterTrustBundle: 'clustertrustbundles',
  podCertificate: 'podcertificates',
}

const isForAll = ({ key, operator, effect }: { key?: string | undefined; operator?: string | undefined; effect?: string | undefined }) =>
  !key && operator === 'Exists' && effect === 'NoExecute'

function parseManifest(text: string, refuse: (why: string) => WherryError): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = parseYaml(text).value
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error))
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw refuse('it is no object')
  return parsed as Record<string, unknown>
}
