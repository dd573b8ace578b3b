import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { mountSubPath } from './container-config.ts'
import { containerSecurity } from './security.ts'

const podOf = (container: object, spec: object = {}) =>
  ({ metadata: { name: 'one', namespace: 'here', uid: 'u' }, spec: { containers: [container], ...spec } }) as unknown as Pod

test('security: the default is the runtime’s seccomp profile, and nothing more', () => {
  const made = securityOf({})
  assert.deepEqual(made.seccomp, { type: 'RuntimeDefault' })
  assert.deepEqual([made.privileged, made.noNewPrivs, made.runAsUser, made.addCapabilities], [false, false, undefined, []])
  assert.ok(made.maskedPaths.includes('/proc/kcore') && made.readonlyPaths.includes('/proc/sys'))
})

test('security: the container’s own settings come before the pod’s, the image’s user last', () => {
  const own = {
    runAsUser: 0,
    allowPrivilegeEscalation: false,
    procMount: 'Unmasked',
    seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' },
  }
  const made = securityOf(own, { runAsUser: 5, runAsGroup: 6, fsGroup: 7, supplementalGroups: [8], seccompProfile: { type: 'Unconfined' } })
  assert.deepEqual([made.runAsUser, made.runAsGroup, made.supplementalGroups], [0, 6, [7, 8]])
  assert.deepEqual([made.noNewPrivs, made.maskedPaths, made.seccomp], [true, [], { type: 'Localhost', localhostRef: '/seccomp/a.json' }])
  assert.equal(securityOf({}, {}, { uid: 33 }).runAsUser, 33)
  assert.equal(securityOf({}, {}, { username: 'www' }).runAsUsername, 'www')
})

test('security: runAsNonRoot is kept, or the container does not start', () => {
  assert.throws(
    () => securityOf({ runAsNonRoot: true }, {}, { uid: 0 }),
    /image will run as root \(pod: "one_here\(u\)", container: main\)/,
  )
  assert.throws(() => securityOf({ runAsNonRoot: true }), /image will run as root/)
  assert.throws(() => securityOf({ runAsNonRoot: true, runAsUser: 0 }), /container's runAsUser breaks non-root policy/)
  assert.throws(
    () => securityOf({}, { runAsNonRoot: true }, { username: 'www' }),
    /non-numeric user \(www\), cannot verify user is non-root/,
  )
  assert.equal(securityOf({ runAsNonRoot: true }, {}, { uid: 33 }).runAsUser, 33)
  assert.equal(securityOf({ runAsNonRoot: false }, { runAsNonRoot: true }).runAsUser, undefined)
})

function securityOf(own: object, pods: object = {}, image: { readonly uid?: number; readonly username?: string } = {}) {
  const container = { name: 'main', resources: {}, securityContext: own } as unknown as AnyContainer
  return containerSecurity({
    pod: podOf(container, { securityContext: pods }),
    container,
    image,
    extraGroups: [],
    seccompDirectory: '/seccomp',
  })
}

test('sub-paths stay in their volume', () => {
  const environment = new Map([['A', 'a/b']])
  assert.equal(mountSubPath({ subPath: 'x/y' }, environment), 'x/y')
  assert.equal(mountSubPath({ subPathExpr: 'x/$(A)' }, environment), 'x/a/b')
  assert.throws(() => mountSubPath({ subPathExpr: '$(NONE)/$(A)/$(BEFORE)/$(NONE)' }, environment), {
    message: 'missing value for BEFORE, NONE',
  })
  assert.throws(() => mountSubPath({ subPath: '../x' }, environment), /must not contain '\.\.'/)
  assert.throws(() => mountSubPath({ subPath: '/x' }, environment), /must not be an absolute path/)
})
