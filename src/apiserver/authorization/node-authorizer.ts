import { type Features, noFeatures } from '#api/features.ts'
import { parseFieldSelector, requiredValue } from '#api/meta/v1/field-selector.ts'
import { nodeRulesOf } from '#api/rbac/bootstrap-of.ts'
import { quote } from '#schema/go-text.ts'
import type { Attributes, Authorizer, Decision, Objects } from '../contract.ts'
import type { GraphResource, NodeGraph } from './node-graph.ts'
import { nodeIdentity } from './node-identity.ts'
import { nodeRules } from './node-rules.ts'
import { ruleAllows } from './rule.ts'

/**
 * What a node may do: read what its pods need and nothing of others, look after its own Node, Lease and CSINode. Where the request alone does
 * not tell whose object it is (a create), NodeRestriction decides at admission. No opinion on users that are no nodes.
 */
export function nodeAuthorizer(graph: NodeGraph, objects: Objects, features: Features = noFeatures): Authorizer {
  const subdivided = subdividedBy(features)
  const rules = [...nodeRules, ...nodeRulesOf(features).bundles]
  return async (attributes) => {
    const node = nodeIdentity(attributes.user)
    if (node === undefined) return no('')
    if (node === '') return no(`unknown node for user ${quote(attributes.user.name)}`)
    const rule = attributes.isResource ? subdivided[`${attributes.group}/${attributes.resource}`] : undefined
    if (rule !== undefined) return rule({ node, attributes, graph, objects })
    return rules.some((allowed) => ruleAllows(allowed, attributes)) ? yes : no('')
  }
}

interface Question {
  readonly node: string
  readonly attributes: Attributes
  readonly graph: NodeGraph
  readonly objects: Objects
}
type Rule = (question: Question) => Decision

const yes: Decision = { allowed: true, reason: '' }
const no = (reason: string): Decision => ({ allowed: false, reason })

/** Resources whose objects do not all concern every node. */
const subdividedBy = (features: Features): Readonly<Record<string, Rule>> => ({
  '/secrets': readNamespaced('secrets'),
  '/configmaps': readNamespaced('configmaps'),
  '/persistentvolumeclaims': (question) =>
    question.attributes.subresource === 'status' ? updateStatus(question) : get('persistentvolumeclaims')(question),
  '/persistentvolumes': get('persistentvolumes'),
  'resource.k8s.io/resourceclaims': get('resourceclaims'),
  'storage.k8s.io/volumeattachments': getOwned,
  '/serviceaccounts': serviceAccount,
  'coordination.k8s.io/leases': lease,
  'storage.k8s.io/csinodes': csiNode,
  'resource.k8s.io/resourceslices': resourceSlice,
  '/nodes': ownNode,
  '/pods': pod,
  'certificates.k8s.io/podcertificaterequests': features.has('PodCertificateRequest') ? podCertificateRequest : () => no(''),
})

const unrelated = (node: string): Decision => no(`no relationship found between node '${node}' and this object`)

function related({ node, attributes: { namespace, name }, graph }: Question, resource: GraphResource): Decision {
  if (name === '') return no('No Object name found')
  return graph.needs(node, resource, namespace, name) ? yes : unrelated(node)
}

/** For objects that name their node themselves. */
function owned({ node, attributes: { group, resource, namespace, name }, objects }: Question): Decision {
  if (name === '') return no('No Object name found')
  const kind = objects.kindOf(group, resource)
  const object = kind && (objects.get(kind, name, namespace || undefined) as { readonly spec?: { readonly nodeName?: string } } | undefined)
  return object?.spec?.nodeName === node ? yes : unrelated(node)
}

function readNamespaced(resource: GraphResource): Rule {
  return (question) => {
    const { verb, subresource, namespace } = question.attributes
    if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return no('can only read resources of this type')
    if (subresource !== '') return no('cannot read subresource')
    if (namespace === '') return no('can only read namespaced object of this type')
    return related(question, resource)
  }
}

function checkGet({ attributes: { verb, subresource } }: Question): Decision | undefined {
  if (verb !== 'get') return no('can only get individual resources of this type')
  return subresource === '' ? undefined : no('cannot get subresource')
}

function get(resource: GraphResource): Rule {
  return (question) => checkGet(question) ?? related(question, resource)
}

function getOwned(question: Question): Decision {
  return checkGet(question) ?? owned(question)
}

function updateStatus(question: Question): Decision {
  const { verb } = question.attributes
  if (verb !== 'update' && verb !== 'patch') return no('can only get/update/patch this type')
  return related(question, 'persistentvolumeclaims')
}

function serviceAccount(question: Question): Decision {
  const { verb, subresource, name } = question.attributes
  if (verb === 'get' && subresource === '') return readNamespaced('serviceaccounts')(question)
  if (verb !== 'create' || name === '') return no('can only create tokens for individual service accounts')
  if (subresource !== 'token') return no('can only create token subresource of serviceaccount')
  return related(question, 'serviceaccounts')
}

const ownVerbs = ['get', 'create', 'update', 'patch', 'delete']

function lease({ node, attributes: { verb, subresource, namespace, name } }: Question): Decision {
  // Leases have none; should they get one, a node has no business there.
  if (subresource !== '') return no('cannot authorize Lease subresources')
  if (!ownVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a node lease')
  if (namespace !== 'kube-node-lease') return no('can only access leases in the "kube-node-lease" system namespace')
  // The name of what is created stands in the body: NodeRestriction looks at it.
  return verb === 'create' || name === node ? yes : no('can only access node lease with the same name as the requesting node')
}

function csiNode({ node, attributes: { verb, subresource, name } }: Question): Decision {
  if (!ownVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a CSINode')
  if (subresource !== '') return no('cannot authorize CSINode subresources')
  return verb === 'create' || name === node ? yes : no('can only access CSINode with the same name as the requesting node')
}

function resourceSlice(question: Question): Decision {
  const { node, attributes } = question
  if (attributes.subresource !== '') return no('cannot authorize ResourceSlice subresources')
  switch (attributes.verb) {
    case 'create':
      return yes
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return owned(question)
    case 'watch':
    case 'list':
    case 'deletecollection':
      return selects(attributes, 'spec.nodeName', node)
        ? yes
        : no('can only list/watch/deletecollection resourceslices with nodeName field selector')
    default:
      return no(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      )
  }
}

/** What a node asks certificates of its pods by: NodeRestriction looks whether they are its own. */
function podCertificateRequest(question: Question): Decision {
  const { node, attributes } = question
  if (attributes.subresource !== '') return no('nodes may not access the status subresource of PodCertificateRequests')
  switch (attributes.verb) {
    case 'create':
      return yes
    case 'get':
      return owned(question)
    case 'list':
    case 'watch':
      return selects(attributes, 'spec.nodeName', node)
        ? yes
        : no('can only list/watch podcertificaterequests with nodeName field selector')
    default:
      return no(`nodes may not ${attributes.verb} podcertificaterequests`)
  }
}

function ownNode({ node, attributes: { verb, subresource, name } }: Question): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? yes : no('')
  if (subresource !== '') return no('')
  if (verb === 'create' || verb === 'update' || verb === 'patch') return yes
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return no('')
  if (name === node) return yes
  return no(
    name === ''
      ? `node '${node}' cannot read all nodes, only its own Node object`
      : `node '${node}' cannot read '${name}', only its own Node object`,
  )
}

function pod(question: Question): Decision {
  const { node, attributes } = question
  const { verb, subresource, name } = attributes
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? yes : no('')
  if (subresource === 'eviction') return verb === 'create' ? yes : no('')
  if (subresource !== '') return no('')
  if (verb === 'get') return related(question, 'pods')
  if (verb === 'create' || verb === 'delete') return yes
  if (verb !== 'list' && verb !== 'watch') return no('')
  if (selects(attributes, 'spec.nodeName', node)) return yes
  return name === '' ? no('can only list/watch pods with spec.nodeName field selector') : related(question, 'pods')
}

/** Whether the request's field selector admits only objects whose field has this value. */
function selects({ fieldSelector }: Attributes, field: string, value: string): boolean {
  if (fieldSelector === undefined) return false
  try {
    return requiredValue(parseFieldSelector(fieldSelector), field) === value
  } catch {
    // A selector that cannot be parsed restricts nothing; the request itself will be refused for it later.
    return false
  }
}
