//! Giving an array new values.

use super::evaluate::fill;
use super::expression::Expression;
use super::map::broadcast;
use super::node::{Frame, Node};
use crate::array::{DistArray, expect};
use crate::element::Element;
use ndarray::Dimension;
use pmi::Task;

impl<T: Element, D: Dimension + 'static> DistArray<T, D> {
    /// Gives the array the values of an expression, broadcast to its shape; its layout stays. One command.
    ///
    /// All that name the array see the new values. The expression may name it, too: it is computed from the old ones.
    ///
    /// ```
    /// use pmi_array::{DistArray, Expression};
    /// # pmi::with_tasks(2, || {
    /// let mut a = DistArray::from_fn(4, |i| i as f64);
    /// let b = DistArray::from_fn(4, |i| 10.0 * i as f64);
    /// a.assign(&a.clone() * 2.0 + &b);
    /// a += 1.0;
    /// assert_eq!(a.gather().unwrap().to_vec(), [1.0, 13.0, 25.0, 37.0]);
    /// # })
    /// ```
    ///
    /// # Panics
    /// Where the expression's shape cannot be broadcast to the array's; as [`eval`](Expression::eval). Where a closure in
    /// the expression panics, the tasks that had no part in that have the new values.
    #[track_caller]
    pub fn assign<X: Expression<Elem = T>>(&mut self, expression: X) {
        self.assign_broadcast(expression.node());
    }

    /// As [`assign`](Self::assign), of a node.
    #[track_caller]
    pub(crate) fn assign_broadcast<N: Node<Elem = T>>(&mut self, node: N) {
        let both = broadcast(&[self.shape().to_vec(), node.shape()]);
        assert!(
            both == self.shape(),
            "an array of shape {:?} cannot take the values of an expression of shape {:?}",
            self.shape(),
            node.shape()
        );
        self.assign_node(node);
    }

    /// Replaces each element `x` by `f(x)`. One command, no communication.
    ///
    /// # Panics
    /// Where `f` panics, with the index of the element: other tasks then have the new values. Where the calling thread does
    /// not control the array's world.
    #[track_caller]
    pub fn map_inplace<F: Fn(T) -> T + pmi::Portable + Send + Sync>(&mut self, f: F) {
        let node = self.map(f).node();
        self.assign_node(node);
    }

    /// Gives the array the values of an expression whose shape is broadcast to its own.
    #[track_caller]
    pub(crate) fn assign_node<N: Node<Elem = T>>(&mut self, node: N) {
        self.check_tasks();
        let assign = |task: &Task, (array, node): (Self, N)| {
            let mut slab = Self::fresh(task, array.layout());
            fill(&node, &Frame::new(task, array.layout()), slab.elements_mut());
            array.replace(task, slab);
        };
        expect(pmi::exec(assign, (self.clone(), node)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn an_array_of_a_group_is_unharmed_outside_of_the_scope() {
        pmi::with_tasks(3, || {
            let group = pmi::Group::new([1, 2]).unwrap();
            let mut a = group.scope(|| DistArray::arange(0, 5, 1)).unwrap();
            assert!(catch_unwind(AssertUnwindSafe(|| a += 1)).is_err());
            assert_eq!(group.scope(|| a.to_vec().unwrap()).unwrap(), [0, 1, 2, 3, 4]);
        });
    }
}
