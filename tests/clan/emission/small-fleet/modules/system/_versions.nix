_final: prev: {
  python3 = prev.python312;
}
