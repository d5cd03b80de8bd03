import { describe, expect, test } from 'vitest'
import { Room } from '../../src/bench/room.ts'

describe('Room', () => {
  test('has what is given back, and no more than its size', () => {
    const room = new Room(10, 1)
    expect([room.take(6), room.take(6), room.take(4), room.take(1)]).toEqual([true, false, true, false])
    room.give(3)
    expect([room.take(4), room.take(3), room.taken]).toEqual([false, true, 10])
  })

  test('wakes who waits once there is room worth it, and everyone then', async () => {
    const room = new Room(10, 4)
    room.take(10)
    const woken: string[] = []
    void room.wait(1).then(() => woken.push('first'))
    void room.wait(1).then(() => woken.push('second'))
    room.give(3)
    await Promise.resolve()
    expect(woken).toEqual([])
    room.give(1)
    await Promise.resolve()
    expect(woken).toEqual(['first', 'second'])
  })

  test('tells when all is given back', async () => {
    const room = new Room(2, 1)
    await room.empty()
    room.take(2)
    let empty = false
    const emptied = room.empty().then(() => {
      empty = true
    })
    room.give(1)
    await Promise.resolve()
    expect(empty).toBe(false)
    room.give(1)
    await emptied
    expect(empty).toBe(true)
  })
})
