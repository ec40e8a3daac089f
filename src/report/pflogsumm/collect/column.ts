/** Figures by number, for numbers that `Names` gave. */

const FIRST_LENGTH = 1024

export class Column {
  #figures = new Float64Array(FIRST_LENGTH)

  /** 0 where nothing was written. */
  at(number: number): number {
    return this.#figures[number] ?? 0
  }

  add(number: number, figure: number): void {
    this.#reach(number)
    this.#figures[number] = (this.#figures[number] ?? 0) + figure
  }

  set(number: number, figure: number): void {
    this.#reach(number)
    this.#figures[number] = figure
  }

  #reach(number: number): void {
    if (number < this.#figures.length) return
    const larger = new Float64Array(Math.max(number + 1, this.#figures.length * 2))
    larger.set(this.#figures)
    this.#figures = larger
  }
}
