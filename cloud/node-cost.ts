/** What a node costs in one of its power states, before discounts. */
export interface NodeCost {
  /** US dollars, rounded to a tenth of a cent; null: no price is known for this shape or region. */
  readonly hourly: number | null;
  /** US dollars, rounded to cents. */
  readonly monthly: number | null;
}
