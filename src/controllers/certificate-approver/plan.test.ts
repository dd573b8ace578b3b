import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { inOrder } from '#loop/in-order.ts'
import { makeRequest, type RequestParts } from '../testing/certificate-requests.ts'
import { World } from '../testing/world.ts'
import { certificateApproverController } from './controller.ts'

const controller = certificateApproverController()
const clientUsages = ['digital signature', 'client auth']

test('approves what the API server says may be asked for, and says by which right', () => {
  check({ username: 'system:bootstrap:abcdef' }, ['nodeclient'], 'Auto approving kubelet client certificate after SubjectAccessReview.')
  check({ username: 'system:node:n' }, ['selfnodeclient'], 'Auto approving self kubelet client certificate after SubjectAccessReview.')
  check({ username: 'system:node:n', usages: ['key encipherment', ...clientUsages] }, ['selfnodeclient', 'nodeclient'], undefined, [])
})

test('asks about nobody else’s requests', () => {
  check({ signerName: 'kubernetes.io/kube-apiserver-client' }, [], undefined, [])
  check({ usages: ['client auth'] }, [], undefined, [])
  check({ usages: ['digital signature', 'server auth'] }, [], undefined, [])
  check({ parts: { organizations: ['system:masters'] } }, [], undefined, [])
  check({ parts: { organizations: ['system:nodes', 'system:masters'] } }, [], undefined, [])
  check({ parts: { commonName: 'admin' } }, [], undefined, [])
  check({ parts: { dnsNames: ['n'] } }, [], undefined, [])
  check({ parts: { addresses: ['10.0.0.1'] } }, [], undefined, [])
  check({ parts: { uris: ['spiffe://x'] } }, [], undefined, [])
  check({ parts: { emailAddresses: ['a@b'] } }, [], undefined, [])
  check({ status: { conditions: [{ type: 'Denied', status: 'True' }] } }, [], undefined, [])
  check({ request: 'bm90aGluZw==' }, [], undefined, [])
})

test('comes again, later and later, and takes turns between the two rights', () => {
  const world = given({ username: 'system:node:n' })
  const asked: string[] = []
  const waits: number[] = []
  for (let pass = 0; pass < 14; pass += 1) {
    const { commands, wakeAt } = world.pass(controller, 'r')
    asked.push(rightOf(commands[0]))
    waits.push((wakeAt - world.now) / 1000)
    world.now = wakeAt
  }
  assert.deepEqual(asked.slice(0, 3), ['selfnodeclient', 'nodeclient', 'selfnodeclient'])
  assert.deepEqual(waits.slice(0, 5), [1, 2, 4, 8, 16])
  assert.deepEqual(waits.slice(-3), [1000, 1000, 1000])
})

interface Given {
  readonly username?: string
  readonly signerName?: string
  readonly usages?: readonly string[]
  readonly parts?: RequestParts
  readonly request?: string
  readonly status?: object
}

function given({ parts, status = {}, ...spec }: Given): World {
  const world = new World()
  world.put(CertificateSigningRequest, {
    metadata: { name: 'r' },
    spec: {
      request: Buffer.from(makeRequest(parts)).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: clientUsages,
      username: 'someone',
      groups: ['g'],
      ...spec,
    },
    status,
  })
  return world
}

/** `asked`: the rights that are asked for in turn; those of them are held that `held` names, all when it is left out. */
function check(given_: Given, asked: readonly string[], message: string | undefined, held: readonly string[] = asked): void {
  const world = given(given_)
  const seen: string[] = []
  for (let pass = 0; pass < 2; pass += 1) {
    const view = controller.view('r', world, world.now)!
    const { commands, wakeAt } = controller.plan(view)
    for (const command of inOrder(commands)) {
      const right = rightOf(command)
      seen.push(right)
      const { spec } = (command as { object: SubjectAccessReview }).object
      assert.equal(spec.user, given_.username ?? 'someone')
      assert.deepEqual(spec.groups, ['g'])
      const answer = { spec, status: { allowed: held.includes(right) } }
      for (const further of inOrder(controller.answered!(view, command, answer as never))) world.do(further)
    }
    world.now = Math.min(wakeAt, world.now + 1000)
  }
  assert.deepEqual(seen, asked)
  const conditions = world.get(CertificateSigningRequest, 'r')!.status.conditions ?? []
  const approved = conditions.filter(({ type }) => type === 'Approved')
  assert.deepEqual(
    approved.map(({ reason, message: text }) => [reason, text]),
    message === undefined ? [] : [['AutoApproved', message]],
  )
}

function rightOf(command: unknown): string {
  const { kind, object } = command as { kind: unknown; object: SubjectAccessReview }
  assert.equal(kind, SubjectAccessReview)
  const { group, resource, verb, version, subresource } = object.spec.resourceAttributes!
  assert.deepEqual([group, resource, verb, version], ['certificates.k8s.io', 'certificatesigningrequests', 'create', '*'])
  return subresource!
}
