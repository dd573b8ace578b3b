/** What dig (bind9-dnsutils) makes of the name server: a client that others wrote, over real sockets of both families. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { nameServerWith, serviceNamed, services, slice, slices, viewOf } from '#network/dns/test-zone.ts'
import { listenDns } from './dns-sockets.ts'

const skip = spawnSync('dig', ['-v']).error === undefined ? false : 'there is no dig on this machine'
const many = Array.from({ length: 200 }, (_, i) => ({ addresses: [`10.244.1.${i}`] }))
const view = viewOf(
  [
    ...Object.entries(services).map(([name, spec]) => serviceNamed(name, spec)),
    serviceNamed('many', { clusterIP: 'None', clusterIPs: ['None'] }),
  ],
  [...slices, slice('many', 'IPv4', many)],
)
const ends: (() => Promise<void>)[] = []
after(() => Promise.all(ends.map((end) => end())))

const web = 'web.shop.svc.cluster.local'
check('the search path', ['+search', '+domain=shop.svc.cluster.local', '+ndots=5', '+short', 'web'], /^10\.96\.0\.7\n$/)
check('TCP', ['+tcp', '+short', web], /^10\.96\.0\.7\n$/)
check('two questions on one connection', ['+tcp', '+keepopen', '+short', web, web, 'AAAA'], /^10\.96\.0\.7\nfd00:10:96::7\n$/)
check('ports', ['+short', '-t', 'SRV', `_http._tcp.${web}`], /^0 100 80 web\.shop\.svc\.cluster\.local\.\n$/)
check('whose address', ['+short', '-x', '10.96.0.7'], /^web\.shop\.svc\.cluster\.local\.\n$/)
check('of IPv6', ['+short', '-x', 'fd00:10:96::7'], /^web\.shop\.svc\.cluster\.local\.\n$/)
check('an alias', ['+short', '-t', 'CNAME', 'outside.shop.svc.cluster.local'], /^example\.org\.\n$/)
check('no such name', ['nothing.shop.svc.cluster.local'], /status: NXDOMAIN[\s\S]*flags: qr aa rd[\s\S]*\ncluster\.local\.\s+5\s+IN\s+SOA/)
check('what does not fit comes by TCP', ['+short', 'many.shop.svc.cluster.local'], /^(10\.244\.1\.\d+\n){200}$/)
check(
  'what does not fit says so',
  ['+ignore', '+bufsize=512', 'many.shop.svc.cluster.local'],
  /flags: qr aa tc rd ra[\s\S]*MSG SIZE\s+rcvd: (49|50|51)\d\n/,
)
check(
  'a larger buffer',
  ['+ignore', '+bufsize=4096', 'many.shop.svc.cluster.local'],
  /flags: qr aa tc rd ra[\s\S]*MSG SIZE\s+rcvd: 12[123]\d\n/,
)
check('another version of EDNS', ['+edns=1', '+noednsnegotiation', web], /status: BADVERS/)
check('DNSSEC', ['+dnssec', '+cookie', web], /flags: do; udp: 1232[\s\S]*\t10\.96\.0\.7\n/)
check('every type', ['ANY', web], /HINFO\s+"RFC8482" ""/)
check('another class', ['-c', 'CH', '-t', 'TXT', 'version.bind'], /status: REFUSED/)
check('the whole zone', ['-t', 'AXFR', 'cluster.local'], /Transfer failed/)
check('an operation', ['+opcode=NOTIFY', web], /status: NOTIMP/)

function check(name: string, words: readonly string[], expected: RegExp): void {
  for (const address of ['127.0.0.1', '::1'])
    test(`dig, ${address}, ${name}`, { skip }, async () => {
      const { port, close } = await listenDns(address, 0, nameServerWith({ view }), (error) => assert.fail(String(error)))
      ends.push(close)
      const { stdout } = await promisify(execFile)('dig', [`@${address}`, '-p', String(port), '+time=2', '+tries=1', ...words]).catch(
        (error: Error & { stdout: string }) => error,
      )
      assert.match(stdout, expected)
      assert.doesNotMatch(stdout, /malformed|parse error|Got bad packet|extra bytes/i)
    })
}
