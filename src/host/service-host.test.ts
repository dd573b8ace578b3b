import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import type { FlowProtocol } from '#network/proxy/host.ts'
import { createServiceHost, flowIn, stickyClientsIn } from './service-host.ts'

check(
  'udp      17 29 src=192.168.77.9 dst=10.8.0.7 sport=4000 dport=80 [UNREPLIED] src=10.9.0.2 dst=10.9.0.1 sport=8080 dport=4000 mark=0 use=1',
  { destination: '10.8.0.7', destinationPort: 80, replySource: '10.9.0.2', replyPort: 8080 },
)
check('udp      17 120 src=fd00::9 dst=fd00:8::7 sport=1 dport=2 src=fd00:9::2 dst=fd00::9 sport=3 dport=1 [ASSURED] mark=0 use=1', {
  destination: 'fd00:8::7',
  destinationPort: 2,
  replySource: 'fd00:9::2',
  replyPort: 3,
})
check(
  'tcp      6 111 SYN_SENT src=192.0.2.2 dst=10.8.0.7 sport=4000 dport=80 [UNREPLIED] src=10.9.0.2 dst=192.0.2.2 sport=8080 dport=1095 mark=0 use=1',
  { destination: '10.8.0.7', destinationPort: 80, replySource: '10.9.0.2', replyPort: 8080 },
  'tcp',
)
check('tcp      6 29 ESTABLISHED src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 use=1', undefined, 'tcp')
check('tcp      6 29 ESTABLISHED src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 use=1', undefined)
check('conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.', undefined)

test('remembered clients, as nft lists them', () => {
  const elem = [[{ elem: { val: { concat: [7, 8, '10.9.0.1'] }, timeout: 30, expires: 29 } }, 'abcd:1']]
  assert.deepEqual(stickyClientsIn({ nftables: [{ metainfo: {} }, { map: { name: 'sticky-clients', elem } }] }), [
    { client: '7 . 8 . 10.9.0.1', timeoutSeconds: 30, expiresSeconds: 29, slot: 'abcd:1' },
  ])
  assert.deepEqual(stickyClientsIn({ nftables: [{ map: { name: 'sticky-clients' } }] }), [])
})

test('HTTP at several addresses: all of them or none', async () => {
  const host = createServiceHost()
  const answer = (path: string) => ({ status: 503, headers: { 'X-Path': path }, body: 'no' })
  const blocker = await host.serveHttp(['127.0.0.1'], 0, answer).then(() => host.serveHttp(['127.0.0.2'], 39_517, answer))
  await assert.rejects(host.serveHttp(['127.0.0.3', '127.0.0.2'], 39_517, answer), { code: 'EADDRINUSE' })
  const server = await host.serveHttp(['127.0.0.3'], 39_517, answer)
  const response = await fetch('http://127.0.0.3:39517/livez?x=1')
  assert.deepEqual([response.status, response.headers.get('x-path'), await response.text()], [503, '/livez', 'no'])
  for (const path of ['//', '/%zz', 'http://[', '*']) {
    const answered = await new Promise<string | undefined>((resolve, reject) =>
      request({ host: '127.0.0.3', port: 39_517, path }, (one) => resolve(one.resume().headers['x-path'] as string))
        .on('error', reject)
        .end(),
    )
    assert.equal(answered, path)
  }
  await server.close()
  await blocker.close()
  await assert.rejects(fetch('http://127.0.0.3:39517/'))
})

function check(line: string, expected: ReturnType<typeof flowIn>, protocol: FlowProtocol = 'udp'): void {
  test(`flow: ${line.slice(0, 40)}`, () => assert.deepEqual(flowIn(line, protocol), expected))
}
