"""From a decoded record to the rows of its tables: one file a table, pure functions, Arrow out.

Every function takes the record of one message and returns Arrow tables whose columns are the
columns of the ClickHouse table. They raise ``Reject`` for a record whose values no table can hold,
because ClickHouse would take an undefined code without a word.
"""
