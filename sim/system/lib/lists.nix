# List functions of the `lib` stand-in: the ones a fleet's modules ask for, by nixpkgs' names.
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    map
    partition
    sort
    tail
    ;

  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  singleton = value: [ value ];
  toList = value: if isList value then value else [ value ];

  flatten = value: if isList value then concatMap flatten value else [ value ];
  last = list: elemAt list (length list - 1);
  init = list: genList (elemAt list) (length list - 1);
  take = count: list: genList (elemAt list) (if count < length list then count else length list);
  drop =
    count: list:
    let
      rest = length list - count;
    in
    if rest <= 0 then [ ] else genList (index: elemAt list (index + count)) rest;
  range = first: final: if first > final then [ ] else genList (index: first + index) (final - first + 1);
  reverseList =
    list:
    let
      count = length list;
    in
    genList (index: elemAt list (count - index - 1)) count;
  replicate = count: value: genList (_: value) count;

  foldl = foldl';
  foldr =
    operator: start: list:
    let
      from = index: if index == length list then start else operator (elemAt list index) (from (index + 1));
    in
    from 0;
  fold = foldr;

  imap0 = function: list: genList (index: function index (elemAt list index)) (length list);
  imap1 = function: list: genList (index: function (index + 1) (elemAt list index)) (length list);
  forEach = list: function: map function list;
  findFirst =
    predicate: default: list:
    let
      found = filter predicate list;
    in
    if found == [ ] then default else head found;
  count = predicate: list: length (filter predicate list);
  remove = value: filter (candidate: candidate != value);
  intersectLists = wanted: filter (value: elem value wanted);
  subtractLists = unwanted: filter (value: !elem value unwanted);

  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
  sortOn = key: sort (a: b: key a < key b);
  naturalSort = sort (a: b: a < b);

  zipListsWith =
    function: left: right:
    genList (index: function (elemAt left index) (elemAt right index)) (
      if length left < length right then length left else length right
    );
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  crossLists = function: foldl' (functions: values: concatMap (f: map f values) functions) [ function ];
}
