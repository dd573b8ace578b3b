import type { CertificateSigningRequest } from '#api/certificates/v1/types.ts'
import type { Node } from '#api/core/v1/node.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import { quote } from '#schema/go-text.ts'
import { commonNameOfRequest } from '../authentication/subject.ts'
import { nodeIdentity } from '../authorization/node-identity.ts'
import type { Admission, AdmissionPlugin, Authorizer } from '../contract.ts'
import { checkPodCertificateRequest } from './node-restriction-certificates.ts'
import { forbiddenLabels } from './node-restriction-labels.ts'
import { checkPodCreate, existingPod } from './node-restriction-pods.ts'
import { checkTokenRequest } from './node-restriction-tokens.ts'
import { refusal } from './refusal.ts'

/** What a rule is asked: the write, and the node that makes it. A rule returns why it refuses, or throws what is no refusal. */
export interface NodeWrite extends Admission {
  readonly node: string
  readonly authorize: Authorizer
}
type Refusal = string | undefined

/**
 * Keeps a node to its own objects: it writes its own Node (without granting itself labels or taints), its own Lease and CSINode, the status of
 * pods bound to it, and asks for tokens and certificates of such pods only. The node authorizer has let the request in; this looks at the bodies.
 */
export function nodeRestriction(authorize: Authorizer): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    admit: async (admission) => {
      const node = nodeIdentity(admission.attributes.user)
      if (node === undefined) return admission.object
      const problem =
        node === ''
          ? `could not determine node from user ${quote(admission.attributes.user.name)}`
          : await rules[`${admission.attributes.group}/${admission.attributes.resource}`]?.({ ...admission, node, authorize })
      if (problem !== undefined) throw refusal(admission, problem)
      return admission.object
    },
  }
}

const rules: Readonly<Record<string, (write: NodeWrite) => Refusal | Promise<Refusal>>> = {
  '/pods': checkPod,
  '/nodes': checkNode,
  '/persistentvolumeclaims': checkClaim,
  '/serviceaccounts': checkTokenRequest,
  'coordination.k8s.io/leases': checkLease,
  'storage.k8s.io/csinodes': checkCsiNode,
  'resource.k8s.io/resourceslices': checkResourceSlice,
  'certificates.k8s.io/certificatesigningrequests': checkSigningRequest,
  'certificates.k8s.io/podcertificaterequests': checkPodCertificateRequest,
}

function checkPod(write: NodeWrite): Refusal {
  const { attributes, operation, node } = write
  switch (attributes.subresource) {
    case '':
      if (operation === 'CREATE') return checkPodCreate(write)
      if (operation !== 'DELETE')
        return `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`
      return existingPod(write, attributes.name).spec.nodeName === node
        ? undefined
        : `node ${quote(node)} can only delete pods with spec.nodeName set to itself`
    case 'status':
      return operation === 'UPDATE' ? checkPodStatus(write) : `unexpected operation ${quote(operation)}`
    case 'eviction': {
      if (operation !== 'CREATE') return `unexpected operation ${operation}`
      const name = attributes.name || (write.object?.metadata?.name ?? '')
      if (name === '') return 'could not determine pod from request data'
      return existingPod(write, name).spec.nodeName === node
        ? undefined
        : `node ${node} can only evict pods with spec.nodeName set to itself`
    }
    default:
      return `unexpected pod subresource ${quote(attributes.subresource)}, only 'status' and 'eviction' are allowed`
  }
}

function checkPodStatus({ node, object, previous }: NodeWrite): Refusal {
  const next = object as Pod
  const present = previous as Pod
  if (present.spec.nodeName !== node) return `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`
  if (!same(next.metadata.labels ?? {}, present.metadata.labels ?? {})) return `node ${quote(node)} cannot update labels through pod status`
  const claims = ({ status }: Pod) => (status?.resourceClaimStatuses ?? []).map((claim) => [claim.name, claim.resourceClaimName])
  if (!same(claims(next), claims(present))) return `node ${quote(node)} cannot update resource claim statues`
  if (!same(next.status?.extendedResourceClaimStatus, present.status?.extendedResourceClaimStatus))
    return `node ${quote(node)} cannot update extended resource claim status`
  return undefined
}

function checkNode({ attributes, operation, node, object, previous }: NodeWrite): Refusal {
  const name = attributes.name || (object?.metadata.name ?? '')
  if (name !== node) return `node ${quote(node)} is not allowed to modify node ${quote(name)}`
  const next = object as Node | undefined
  const present = previous as Node | undefined
  if (next === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined
  const labels = forbiddenLabels(next.metadata.labels ?? {}, present?.metadata.labels ?? {})
  if (operation === 'CREATE') {
    if (next.spec?.configSource !== undefined) return `node ${quote(node)} is not allowed to create pods with a non-nil configSource`
    return labels.length === 0 ? undefined : `node ${quote(node)} is not allowed to set the following labels: ${labels.join(', ')}`
  }
  if (next.spec?.configSource !== undefined && !same(next.spec.configSource, present?.spec?.configSource))
    return `node ${quote(node)} is not allowed to update configSource to a new non-nil configSource`
  if (!same(next.spec?.taints ?? [], present?.spec?.taints ?? [])) return `node ${quote(node)} is not allowed to modify taints`
  if (!same(next.metadata.ownerReferences ?? [], present?.metadata.ownerReferences ?? []))
    return `node ${quote(node)} is not allowed to modify ownerReferences`
  return labels.length === 0 ? undefined : `is not allowed to modify labels: ${labels.join(', ')}`
}

function checkClaim({ attributes, operation, node, object, previous }: NodeWrite): Refusal {
  if (attributes.subresource !== 'status') return 'may only update PVC status'
  if (operation !== 'UPDATE') return `unexpected operation ${quote(operation)}`
  const fixed = ({ metadata, status, spec }: PersistentVolumeClaim) => {
    const { resourceVersion: _version, managedFields: _managed, ...meta } = metadata
    const { capacity: _c, conditions: _o, allocatedResources: _a, allocatedResourceStatuses: _s, ...others } = status ?? {}
    return { metadata: meta, spec, status: others }
  }
  const [before, after] = [fixed(previous as PersistentVolumeClaim), fixed(object as PersistentVolumeClaim)]
  return same(before, after)
    ? undefined
    : `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions: ${goDiff(goStruct(PersistentVolumeClaim, before), goStruct(PersistentVolumeClaim, after))}`
}

/** A create's name stands in the body only. */
const nameOf = ({ attributes, operation, object }: NodeWrite): string =>
  operation === 'CREATE' ? (object?.metadata.name ?? '') : attributes.name

function checkLease(write: NodeWrite): Refusal {
  if (write.attributes.namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace'
  return nameOf(write) === write.node ? undefined : 'can only access node lease with the same name as the requesting node'
}

function checkCsiNode(write: NodeWrite): Refusal {
  return nameOf(write) === write.node ? undefined : 'can only access CSINode with the same name as the requesting node'
}

function checkResourceSlice({ operation, node, object, previous }: NodeWrite): Refusal {
  if (operation !== 'CREATE' && operation !== 'DELETE') return undefined
  const slice = (operation === 'CREATE' ? object : previous) as { readonly spec?: { readonly nodeName?: string } } | undefined
  return slice?.spec?.nodeName === node
    ? undefined
    : `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`
}

/** Signers whose certificates speak for a kubelet. */
const kubeletSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']

function checkSigningRequest({ operation, node, object }: NodeWrite): Refusal {
  if (operation !== 'CREATE') return undefined
  const { spec } = object as unknown as CertificateSigningRequest
  if (!kubeletSigners.includes(spec.signerName)) return undefined
  const name = commonNameOfRequest(Buffer.from(spec.request, 'base64').toString('latin1'))
  if (name === undefined) return 'unable to parse csr: PEM block type must be CERTIFICATE REQUEST'
  return name === `system:node:${node}` ? undefined : `can only create a node CSR with CN=system:node:${node}`
}
