import assert from 'node:assert/strict'
import { createHmac, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { makeCertificate } from '#host/pki/certificate.ts'
import { isError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { parseToken } from './bootstrap-token.ts'
import { readClusterInfo } from './cluster-info.ts'
import { keyHash } from './trusted-authority.ts'

const life = { notBefore: Date.now() - 1000, notAfter: Date.now() + 1e9 }
const ca = makeCertificate({ commonName: 'kubernetes', usage: 'ca', ...life }).certificate
const hash = keyHash(new X509Certificate(ca))
const token = parseToken('abcdef.0123456789abcdef')
const kubeconfig = stringify({ clusters: [{ name: '', cluster: { 'certificate-authority-data': Buffer.from(ca).toString('base64') } }] })

check('what is signed with the token and names the pinned authority', { kubeconfig, 'jws-kubeconfig-abcdef': signature() }, undefined)
check(
  'a text that was changed',
  { kubeconfig: `${kubeconfig}\n`, 'jws-kubeconfig-abcdef': signature() },
  /not signed with this token: somebody/,
)
check('a signature by another secret', { kubeconfig, 'jws-kubeconfig-abcdef': signature({ secret: 'other' }) }, /somebody changed it/)
check('a signature of another token', { kubeconfig, 'jws-kubeconfig-abcdef': signature({ kid: 'ghijkl' }) }, /somebody changed it/)
check('no algorithm', { kubeconfig, 'jws-kubeconfig-abcdef': signature({ alg: 'none' }) }, /somebody changed it/)
check('a signature that carries its own text', { kubeconfig, 'jws-kubeconfig-abcdef': signature().replace('..', '.e30.') }, /somebody/)
check('nonsense for a signature', { kubeconfig, 'jws-kubeconfig-abcdef': 'x' }, /somebody changed it/)
check('no signature, however long one waits', { kubeconfig }, /a token for joining has usage "signing"/)
check('another authority', { kubeconfig, 'jws-kubeconfig-abcdef': signature() }, /names another authority/, `sha256:${'0'.repeat(64)}`)

function signature({ alg = 'HS256', kid = 'abcdef', secret = '0123456789abcdef' } = {}): string {
  const header = Buffer.from(JSON.stringify({ alg, kid })).toString('base64url')
  const signed = createHmac('sha256', secret)
    .update(`${header}.${Buffer.from(kubeconfig).toString('base64url')}`)
    .digest('base64url')
  return `${header}..${signed}`
}

function check(name: string, data: Readonly<Record<string, string>>, problem: RegExp | undefined, pin = hash): void {
  test(name, async () => {
    const clock = createVirtualClock(0)
    const client = { get: async () => ({ data }) } as never
    const read = readClusterInfo(client, token, [pin], { clock, withinMs: 1_000 })
    read.catch(() => {})
    await clock.advance(2_000)
    if (problem === undefined) assert.deepEqual(await read, { ca })
    else await assert.rejects(read, (error) => isError(error, 'Forbidden') && problem.test(error.message))
  })
}
