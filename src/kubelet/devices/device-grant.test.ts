import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceGrant } from './device-grant.ts'

test('the answers of several plug-ins become one, and the first of two that disagree counts', () => {
  const grant = deviceGrant([
    {
      envs: { A: '1', B: '1' },
      devices: [{ containerPath: '/dev/a', hostPath: '/dev/a1', permissions: 'rw' }],
      mounts: [{ containerPath: '/m', hostPath: '/one', readOnly: true }],
      annotations: { x: '1' },
      cdiDevices: [{ name: 'v/c=1' }, { name: 'v/c=1' }],
    },
    {
      envs: { B: '2', C: '2' },
      devices: [
        { containerPath: '/dev/a', hostPath: '/dev/a2', permissions: 'r' },
        { containerPath: '/dev/b', hostPath: '/dev/b2' },
      ],
      mounts: [{ containerPath: '/m', hostPath: '/two' }],
      annotations: { x: '2', y: '2' },
      cdiDevices: [{ name: 'v/c=1' }, { name: 'v/c=2' }],
    },
  ])
  assert.deepEqual(grant, {
    environment: [
      { key: 'A', value: '1' },
      { key: 'B', value: '1' },
      { key: 'C', value: '2' },
    ],
    devices: [
      { containerPath: '/dev/a', hostPath: '/dev/a1', permissions: 'rw' },
      { containerPath: '/dev/b', hostPath: '/dev/b2', permissions: '' },
    ],
    mounts: [{ containerPath: '/m', hostPath: '/one', readonly: true, propagation: 'None' }],
    annotations: { x: '1', y: '2' },
    cdiDevices: ['v/c=1', 'v/c=2'],
  })
})
