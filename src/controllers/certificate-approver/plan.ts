import { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { isDecided, withCondition } from '../common/certificate-conditions.ts'
import { type CertificateRequest, readCertificateRequest } from '../common/certificate-request.ts'
import { kubeletClientProblem } from '../common/kubelet-request.ts'
import { type ServingApproval, servingProblem } from './serving.ts'

export interface ApprovalView {
  readonly request: CertificateSigningRequest
  readonly now: Instant
  /** Only of a node's request for the certificate of its port, where such are approved. */
  readonly serving?: { readonly approval: ServingApproval; readonly nodes: readonly Node[] }
}

/**
 * Asks the API server whether who made the request may have a kubelet's client certificate by themselves: `selfnodeclient` where they are
 * the node, `nodeclient` for any node. One question a pass: where both fit they take turns, and both come again with growing pauses, since
 * the rights may be given later.
 */
export function planApproval(view: ApprovalView): Plan {
  const { request, now } = view
  if (isDecided(request)) return settled
  if (view.serving !== undefined) return planServing(view, view.serving)
  if (request.spec.signerName !== 'kubernetes.io/kube-apiserver-client-kubelet') return settled
  const asked = readRequest(request)
  if (asked === undefined || kubeletClientProblem(asked, request.spec.usages ?? []) !== undefined) return settled
  const turn = turnOf(now - Date.parse(request.metadata.creationTimestamp))
  const isSelf = request.spec.username === asked.commonName
  const right = isSelf && turn.number % 2 === 0 ? 'selfnodeclient' : 'nodeclient'
  return { commands: [question(request, right)], wakeAt: now + turn.restMs }
}

/** Approves the request when the answer is yes. */
export function approvalAnswered(view: ApprovalView, command: Command, answer: KubeObject | WherryError): readonly Command[] {
  if (command.do !== 'create' || answer instanceof WherryError) return []
  const { spec, status } = answer as unknown as SubjectAccessReview
  if (status?.allowed !== true) return []
  const whose = spec.resourceAttributes?.subresource === 'selfnodeclient' ? 'self kubelet client' : 'kubelet client'
  return [approve(view, `Auto approving ${whose} certificate after SubjectAccessReview.`)]
}

/**
 * What is not safe to approve stays for a person to judge, who is told of it by an event; a Node that comes, or changes its addresses, brings it up
 * again. A node asks as soon as it runs, and its Node object has its addresses a moment later: that is waited for without a word.
 */
function planServing(view: ApprovalView, { approval, nodes }: NonNullable<ApprovalView['serving']>): Plan {
  const { request, now } = view
  const asked = readRequest(request)
  if (asked === undefined) return settled
  const problem = servingProblem(request, asked, nodes, approval)
  if (problem === undefined)
    return {
      commands: [approve(view, 'Auto approving kubelet serving certificate: its names are those of its Node alone.')],
      wakeAt: Infinity,
    }
  const toldAt = Date.parse(request.metadata.creationTimestamp) + unapprovedMs
  return now < toldAt ? { commands: [], wakeAt: toldAt } : { commands: [notApproved(request, problem)], wakeAt: Infinity }
}

/** A node reports its addresses within seconds of its start. */
const unapprovedMs = 30_000

const notApproved = (regarding: CertificateSigningRequest, problem: string): Command => ({
  do: 'event',
  regarding,
  type: 'Warning',
  reason: 'NotApproved',
  message: `Not approved without a person: ${problem}. If it is right all the same: kubectl certificate approve ${regarding.metadata.name}`,
})

function approve({ request, now }: ApprovalView, message: string): Command {
  const object = withCondition(request, { type: 'Approved', reason: 'AutoApproved', message }, now)
  return { do: 'update', kind: CertificateSigningRequest, object, subresource: 'approval' }
}

function question({ spec }: CertificateSigningRequest, subresource: string): Command {
  const { username = '', uid, groups, extra } = spec
  const object = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: username,
      ...(uid !== undefined && { uid }),
      ...(groups !== undefined && { groups }),
      ...(extra !== undefined && { extra }),
      resourceAttributes: {
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'certificatesigningrequests',
        subresource,
        verb: 'create',
      },
    },
  }
  return { do: 'create', kind: SubjectAccessReview, object }
}

/** What the API server took is a request; what it did not take is not ours to judge. */
function readRequest({ spec }: CertificateSigningRequest): CertificateRequest | undefined {
  try {
    return readCertificateRequest(Buffer.from(spec.request, 'base64').toString())
  } catch {
    // Nobody can approve what nobody can read: it stays until the cleaner takes it.
    return undefined
  }
}

/** Which question of a request of this age is due, and how long it stays so: 1 s, 2 s, 4 s … up to 1,000 s as in the reference. */
function turnOf(ageMs: number): { readonly number: number; readonly restMs: number } {
  let start = 0
  let lengthMs = 1000
  let number = 0
  while (ageMs >= start + lengthMs && lengthMs < longestMs) {
    start += lengthMs
    lengthMs = Math.min(lengthMs * 2, longestMs)
    number += 1
  }
  const further = Math.floor(Math.max(0, ageMs - start) / lengthMs)
  return { number: number + further, restMs: Math.max(1, start + (further + 1) * lengthMs - Math.max(0, ageMs)) }
}

const longestMs = 1_000_000
