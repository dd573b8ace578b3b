import type { PodCertificateRequest } from '#api/certificates/v1beta1/types.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { mirrorAnnotation } from '#api/core/v1/pod-references.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { AnyKind } from '#api/kind.ts'
import { quote } from '#schema/go-text.ts'
import type { NodeWrite } from './node-restriction.ts'
import { plainError } from './refusal.ts'

/**
 * A node may ask for certificates of pods only that run on it, and in the name of their own service account. What a cache that is behind could
 * explain is a failure and no refusal, so that it is tried again.
 */
export function checkPodCertificateRequest(write: NodeWrite): string | undefined {
  const { operation, attributes, node } = write
  if (operation !== 'CREATE') return `unexpected operation ${operation}`
  if (attributes.subresource !== '') return `unexpected subresource ${attributes.subresource}`
  const { spec } = write.object as unknown as PodCertificateRequest
  const namespace = attributes.namespace
  const pod = quote(`${namespace}/${spec.podName}`)
  if (spec.nodeName !== node)
    return `PodCertificateRequest.Spec.NodeName=${quote(spec.nodeName)}, which is not the requesting node ${quote(node)}`
  const present = find(write, Node, 'node', spec.nodeName)
  if (present.metadata.uid !== spec.nodeUID)
    throw plainError(
      `PodCertificateRequest for pod ${pod} names node UID ${quote(spec.nodeUID)}, inconsistent with the running node (${quote(present.metadata.uid)})`,
    )
  const running = find(write, Pod, 'pod', spec.podName, namespace) as Pod
  if (running.metadata.uid !== spec.podUID)
    throw plainError(
      `PodCertificateRequest for pod ${pod} contains pod UID (${quote(spec.podUID)}) which differs from running pod ${quote(running.metadata.uid)}`,
    )
  if (running.spec.nodeName !== spec.nodeName)
    return `pod ${pod} is not running on node ${quote(spec.nodeName)} named in the PodCertificateRequest`
  if (running.metadata.annotations?.[mirrorAnnotation] !== undefined) return `pod ${pod} is a mirror pod`
  if (running.spec.serviceAccountName !== spec.serviceAccountName)
    return `PodCertificateRequest for pod ${pod} contains serviceAccountName (${quote(spec.serviceAccountName)}) that differs from running pod (${quote(running.spec.serviceAccountName ?? '')})`
  const account = find(write, ServiceAccount, 'service account', spec.serviceAccountName, namespace)
  if (account.metadata.uid !== spec.serviceAccountUID)
    throw plainError(
      `PodCertificateRequest for pod ${pod} names service account UID ${quote(spec.serviceAccountUID)}, which differs from the running service account (${quote(account.metadata.uid)})`,
    )
  return undefined
}

/** Error: that there is none, in the words of the reference's caches, which name kinds in the singular. */
function find({ objects }: NodeWrite, kind: AnyKind, words: string, name: string, namespace?: string) {
  const object = objects.get(kind, name, namespace)
  if (object !== undefined) return object
  const shown = quote(namespace === undefined ? name : `${namespace}/${name}`)
  throw plainError(`while retrieving ${words} ${shown} named in the PodCertificateRequest: ${kind.singular} ${quote(name)} not found`)
}
